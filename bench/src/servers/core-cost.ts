/**
 * Calls a provider directly and through StorageService, in turn, and reports the cost of a call to
 * its parent process.
 *
 *     node core-cost.ts DIRECTORY ROUNDS
 */
import { buffer } from 'node:stream/consumers'
import { StorageService } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { FilesystemProvider } from '@stowage/provider-fs'
import { MemoryProvider } from '@stowage/provider-memory'
import { content } from '../content.ts'
import type { Row } from '../part.ts'
import { median } from '../statistics.ts'

const [, , directory = '', rounds = '1'] = process.argv
const bytes = content.subarray(0, 4096)
const { signal } = new AbortController()
const container = 'bench'
const file = 'small.bin'
/** Every call gets new options, as core passes them to a provider. */
const write = () => ({
  signal,
  size: bytes.length,
  attributes: { contentType: 'application/octet-stream', metadata: {} },
  conditions: {},
  checksums: {},
  native: {},
})

type Call = () => Promise<unknown>

/** The two ways to the same thing, by what they are called in the results. */
interface Subject {
  readonly work: string
  readonly calls: number
  readonly service: Call
  readonly provider: Call
}

function subjects(name: string, provider: StorageProvider, calls: number): Subject[] {
  const service = new StorageService(provider)
  return [
    {
      work: `putFile of 4 KiB, ${name}`,
      calls,
      service: () => service.putFile(container, file, bytes),
      provider: () => provider.putFile(container, file, bytes, write()),
    },
    {
      work: `openFile of 4 KiB, ${name}`,
      calls: calls * 2,
      service: async () => (await service.openFile(container, file)).bytes(),
      provider: async () => {
        const opened = await provider.openFile(container, file, { signal, conditions: {} })
        return 'bytes' in opened ? opened.bytes : buffer(opened.stream)
      },
    },
    {
      work: `getFile, ${name}`,
      calls: calls * 2,
      service: () => service.getFile(container, file),
      provider: () => provider.getFile(container, file, { signal, conditions: {} }),
    },
  ]
}

/** Microseconds of processor time for one call. */
async function cost(call: Call, calls: number): Promise<number> {
  const before = process.cpuUsage()
  for (let index = 0; index < calls; index++) await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

async function measure({ work, calls, service, provider }: Subject): Promise<Row[]> {
  const costs = { StorageService: [] as number[], 'its provider': [] as number[] }
  const warmUp = 10
  for (let round = -warmUp; round < Number(rounds); round++) {
    const turns = [
      ['StorageService', service],
      ['its provider', provider],
    ] as const
    for (const [name, call] of round % 2 === 0 ? turns : turns.toReversed()) {
      const spent = await cost(call, calls)
      if (round >= 0) costs[name].push(spent)
    }
  }
  return Object.entries(costs).map(([name, spent]) => ({
    work,
    name,
    rounds: spent.length,
    figures: { 'µs/call': median(spent) },
  }))
}

const rows: Row[] = []
for (const [name, provider, calls] of [
  ['filesystem', new FilesystemProvider({ root: directory }), 50],
  ['memory', new MemoryProvider(), 1000],
] as const) {
  await provider.createContainer(container, { signal })
  for (const subject of subjects(name, provider, calls)) rows.push(...(await measure(subject)))
  await provider.close()
}
process.send?.(rows)
