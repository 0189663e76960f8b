/**
 * Runs @stowage/upload-conformance against servers of resumable uploads, and writes
 * docs/upload-servers.md.
 *
 *     pnpm conformance:uploads                 all servers
 *     pnpm conformance:uploads stowage         only servers with this in their names
 *     pnpm conformance:uploads --last          runs nothing, and uses the last results
 *     pnpm conformance:uploads http://…        prints the cases for the server at a URL, as the
 *                                              program upload-conformance does
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StorageService } from '@stowage/core'
import { S3Provider } from '@stowage/provider-s3'
import { startCeph } from '@stowage/test-servers'
import { runSuite } from '@stowage/upload-conformance'
import { type Measured, serversPage } from './page.ts'
import { type Places, servers, type UploadServer } from './servers.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const results = path('../../../reports/upload-conformance')

const args = process.argv.slice(2)
if (args.some((text) => /^https?:/.test(text))) {
  const program = fileURLToPath(import.meta.resolve('@stowage/upload-conformance')).replace(/index\.js$/, 'main.js')
  process.exit(spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' }).status ?? 2)
}
if (!args.includes('--last')) {
  const wanted = servers.filter(({ name }) => args.every((text) => name.includes(text)))
  await mkdir(results, { recursive: true })
  await using ceph = await cephFor(wanted)
  for (const server of wanted) await runOn(server, ceph.s3)
}
await writeFile(path('../../../docs/upload-servers.md'), serversPage(await lastResults()))

async function cephFor(wanted: readonly UploadServer[]) {
  if (!wanted.some(({ on }) => on === 'Ceph')) return { [Symbol.asyncDispose]: async () => {} }
  const { stop, key, keyId, region, endpoint = '' } = await startCeph()
  const s3: Places['s3'] = async () => {
    await using storage = new StorageService(new S3Provider({ key, keyId, region, endpoint }))
    const bucket = `uploads-${process.pid}-${Date.now()}`
    await storage.createContainer({ name: bucket })
    return { key, keyId, region, endpoint, bucket }
  }
  return { s3, [Symbol.asyncDispose]: stop }
}

async function runOn(server: UploadServer, s3: Places['s3'] | undefined): Promise<void> {
  process.stderr.write(`${server.title} on ${server.on}\n`)
  const root = await mkdtemp(join(tmpdir(), 'stowage-uploads-'))
  const places: Places = {
    directory: async () => root,
    s3: s3 ?? (() => Promise.reject(new Error('Ceph does not run'))),
  }
  const running = await server.start(places)
  try {
    const options = { content: server.content(running.url), interop: 8, onCase: () => running.revive() }
    const result: Measured = { ...(await runSuite(running.url, options)), crashes: running.crashes }
    await writeFile(join(results, `${server.name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
  } finally {
    running.stop()
    await rm(root, { recursive: true, force: true })
  }
}

async function lastResults(): Promise<ReadonlyMap<string, Measured>> {
  const files = (await readdir(results)).filter((file) => file.endsWith('.json'))
  const read = async (file: string) =>
    [file.replace(/\.json$/, ''), JSON.parse(await readFile(join(results, file), 'utf8')) as Measured] as const
  return new Map(await Promise.all(files.map(read)))
}
