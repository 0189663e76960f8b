/**
 * Runs the conformance suite with one library on one service.
 *
 *     node suite.ts LIBRARY SERVICE REQUIRE
 *
 * `SERVICE` is JSON, and `REQUIRE` a path in the folder where the library is installed. The result
 * is written to the directory in `STOWAGE_CONFORMANCE_REPORT`.
 */
import { createRequire } from 'node:module'
import { registerConformance, type TestRunner } from '@stowage/core/conformance'
import { LibraryProvider } from './adapter.ts'
import { containersOf } from './containers.ts'
import { resultName } from './counted.ts'
import { libraries } from './libraries.ts'
import type { Load, Service } from './library.ts'

const [title, json = '', path = ''] = process.argv.slice(2)
const library = libraries.find((candidate) => candidate.title === title)
if (library === undefined) throw new Error(`unknown library "${title}"`)
const service = JSON.parse(json) as Service
const load: Load = createRequire(path)
const open = library.open(load, service)
// A library that cannot be loaded ends the program here, and not in every case.
open('stowage-library')
await using containers = containersOf(service)

const installed = { containers, open, contentTypes: new Map<string, string>() }
const tests: (() => Promise<unknown>)[] = []
const endings: (() => Promise<void>)[] = []
const runner: TestRunner = {
  describe: (_, define) => define(),
  it: (title, { skip = false }, run) => {
    if (!skip) tests.push(() => run().catch((error) => process.stderr.write(`${title}: ${error}\n`)))
  },
  after: (run) => endings.push(run),
}

const { fill, destroy, create } = containers
const bulk =
  fill === undefined
    ? {}
    : {
        bulk: {
          put: fill,
          clear: async (container: string) => {
            await destroy(container)
            await create(container)
          },
        },
      }

registerConformance(runner, resultName(library, service.kind), {
  createProvider: () => new LibraryProvider(library, service.kind, installed),
  ...bulk,
  // A library that neither finishes nor fails must not stop the run.
  timeout: service.kind === 's3' ? 60_000 : 30_000,
  version: library.packages[library.title] as string,
})

// A stream that fails after the library has stopped listening, or a forgotten promise.
process.on('uncaughtException', (error) => process.stderr.write(`uncaught: ${error}\n`))
process.on('unhandledRejection', (error) => process.stderr.write(`unhandled: ${error}\n`))

for (const test of tests) await test()
for (const end of endings) await end()
process.exit()
