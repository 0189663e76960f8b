import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Part, Row, Settings } from '../part.ts'
import { takePlace } from '../place.ts'
import { median } from '../statistics.ts'

const run = promisify(execFile)
const bench = fileURLToPath(new URL('../..', import.meta.url))
const authUrl = 'http://127.0.0.1:1'

/** The settings of each provider, with which no request is sent. */
const providers: Readonly<Record<string, object>> = {
  'provider-memory': {},
  'provider-fs': { root: '.' },
  'provider-s3': { key: 'k', keyId: 'i', region: 'eu-west-1' },
  'provider-azure': { storageAccount: 'a', storageAccessKey: 'YQ==' },
  'provider-openstack': { username: 'u', password: 'p', authUrl },
  'provider-rackspace': { username: 'u', apiKey: 'k', authUrl },
}

/**
 *  A function of a serverless platform. Prints the milliseconds from the start of its process to
 * its first response.
 */
const program = (provider: string, settings: object) => `
import { createStorage } from '@stowage/core'
import * as provider from '@stowage/${provider}'
import { storageHandler } from '@stowage/rest-express/fetch'

const handler = storageHandler(await createStorage({ provider, ...${JSON.stringify(settings)} }))
await handler(new Request('http://localhost/photos/nothing'))
process.stdout.write(String(performance.now()))
process.exit()
`

/**
 * A function with the handler and one provider, in one file: its size, and the time until its first
 * response, which needs no request to a service.
 */
export const functions: Part = {
  name: 'functions',
  about: 'bundle size and cold start of a serverless function with each provider',
  async run(settings) {
    await using place = await takePlace(0)
    const bare = join(place.path, 'bare.mjs')
    await writeFile(bare, 'process.stdout.write(String(performance.now()))')
    const rows: Row[] = [await measure('bare Node', bare, settings)]
    for (const [provider, options] of Object.entries(providers)) {
      const outfile = join(place.path, `${provider}.mjs`)
      await build({
        stdin: { contents: program(provider, options), resolveDir: bench },
        outfile,
        bundle: true,
        minify: true,
        platform: 'node',
        format: 'esm',
        logLevel: 'error',
        banner: {
          js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
        },
      })
      rows.push(await measure(provider, outfile, settings))
    }
    return { rows, goals: [] }
  },
}

async function measure(name: string, file: string, { rounds, say }: Settings): Promise<Row> {
  say(`function: ${name}`)
  const times: number[] = []
  for (let round = 0; round < Math.max(7, rounds); round++) {
    const { stdout } = await run(process.execPath, [file])
    times.push(Number(stdout))
  }
  const content = await readFile(file)
  const figures = {
    'cold start ms': median(times),
    'bundle kB': content.length / 1000,
    'gzip kB': gzipSync(content).length / 1000,
  }
  return { work: 'a function with the handler', name, rounds: times.length, figures }
}
