/**
 * Stores files in memory under several policies, in turn, and tells its parent what each costs. One
 * process, so that the differences are not those between processes.
 *
 *     node policy-cost.ts ROUNDS
 */
import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { content } from '../content.ts'
import type { Row } from '../part.ts'
import { median } from '../statistics.ts'
import { uploadPolicies } from '../upload-policies.ts'

const [, , rounds = '1'] = process.argv
const storage = new StorageService(new MemoryProvider())
await storage.createContainer({ name: 'bench' })

const head = Buffer.from('%PDF-1.7\n')
const small = Buffer.concat([head, content.subarray(0, 1024)])
const chunk = Buffer.concat([head, content.subarray(0, 65_536 - head.length)])
/** 64 MiB in chunks of 64 KiB. */
function* large() {
  for (let index = 0; index < 1024; index++) yield chunk
}

interface Work {
  readonly work: string
  readonly calls: number
  readonly body: () => Buffer | Iterable<Buffer>
}

const works: readonly Work[] = [
  { work: 'putFile of a PDF of 1 KiB, memory', calls: 2000, body: () => small },
  { work: 'putFile of a PDF of 64 MiB, memory', calls: 1, body: large },
]

const rows: Row[] = []
for (const { work, calls, body } of works) {
  const costs = new Map(Object.keys(uploadPolicies).map((name) => [name, [] as number[]]))
  const warmUp = 3
  for (let round = -warmUp; round < Number(rounds); round++) {
    for (const [name, policy] of Object.entries(uploadPolicies)) {
      const before = process.cpuUsage()
      for (let index = 0; index < calls; index++) {
        await storage.putFile('bench', 'a.pdf', body(), policy === undefined ? {} : { policy })
      }
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) costs.get(name)?.push((user + system) / calls)
    }
  }
  for (const [name, values] of costs) {
    rows.push({ work, name, rounds: values.length, figures: { 'µs/call': median(values) } })
  }
}
process.send?.(rows)
process.disconnect?.()
