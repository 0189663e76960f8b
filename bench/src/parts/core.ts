import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Part, PartResult } from '../part.ts'
import { takePlace } from '../place.ts'

const script = fileURLToPath(new URL('../servers/core-cost.ts', import.meta.url))

/** Runs in another process, so that the figures do not include the bench itself. */
export const core: Part = {
  name: 'core',
  about: 'what StorageService costs over the bare call of its provider, on files of 4 KiB',
  async run({ long, say }) {
    await using place = await takePlace(0)
    say('putFile and openFile, one after the other')
    const { promise, resolve, reject } = Promise.withResolvers<PartResult['rows']>()
    const child = fork(script, [place.path, String(long ? 400 : 100)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child.once('message', (rows: PartResult['rows']) => resolve(rows))
    child.once('exit', (code) => reject(new Error(`the process that measures core ended with ${code}`)))
    const rows = await promise
    const works = [...new Set(rows.map(({ work }) => work))]
    return {
      rows,
      goals: works
        .filter((work) => work.includes('filesystem'))
        .map((work) => {
          const of = (name: string) => rows.find((row) => row.work === work && row.name === name)?.figures['µs/call']
          const [service, provider] = [of('StorageService'), of('its provider')]
          const value = service === undefined || provider === undefined ? undefined : service / provider
          return { text: `${work}: CPU to that of the bare call`, value, atMost: 1.05 }
        }),
    }
  },
}
