/**
 * Runs the conformance suite with other storage libraries, and writes docs/other-libraries.md.
 *
 *     pnpm conformance:libraries                    all libraries, on a directory and on Ceph
 *     pnpm conformance:libraries flydrive           only libraries with this in their names
 *     pnpm conformance:libraries --on=s3            only on Ceph
 *     pnpm conformance:libraries --on=filesystem    only on a directory
 *     pnpm conformance:libraries --last             runs nothing, and uses the last results
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConformanceResult } from '@stowage/core/conformance'
import { startCeph } from '@stowage/test-servers'
import { requirePackages } from '../peers.ts'
import { libraries } from './libraries.ts'
import type { Library, Service } from './library.ts'
import { librariesPage } from './page.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const results = path('../../../reports/conformance-libraries')
const page = path('../../../docs/other-libraries.md')

const args = process.argv.slice(2)
const wanted = libraries.filter(({ title }) => args.every((text) => text.startsWith('-') || title.includes(text)))
const on = (kind: Service['kind']) => args.every((text) => !text.startsWith('--on=') || text === `--on=${kind}`)
if (!args.includes('--last')) {
  await using ceph = await startCephFor(wanted)
  for (const library of wanted) {
    if (library.services.includes('filesystem') && on('filesystem')) await runOnDirectory(library)
    if (library.services.includes('s3') && ceph.service !== undefined) await runSuite(library, ceph.service)
  }
}
await writeFile(page, librariesPage(await lastResults()))

async function startCephFor(wanted: readonly Library[]) {
  if (!on('s3') || !wanted.some(({ services }) => services.includes('s3')))
    return { [Symbol.asyncDispose]: async () => {} }
  const { stop, key, keyId, region, endpoint = '' } = await startCeph()
  const service: Service = { kind: 's3', key, keyId, region, endpoint }
  return { service, [Symbol.asyncDispose]: stop }
}

async function runOnDirectory(library: Library): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'stowage-library-'))
  try {
    await runSuite(library, { kind: 'filesystem', root })
  } finally {
    await rm(root, { recursive: true })
  }
}

/**
 * In another process, because a library can end it. Amazon's SDK sends checksums after the content
 * unless it is told not to, and Ceph 16 rejects such requests.
 */
async function runSuite(library: Library, service: Service): Promise<void> {
  const installed = await requirePackages(`library-${library.title.replaceAll('/', '-')}`, library.packages)
  process.stderr.write(`${library.title} on ${service.kind}\n`)
  const child = spawn(process.execPath, [path('suite.ts'), library.title, JSON.stringify(service), installed], {
    env: {
      ...process.env,
      AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED',
      STOWAGE_CONFORMANCE_REPORT: results,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await once(child, 'close')
}

async function lastResults(): Promise<ConformanceResult[]> {
  const files = (await readdir(results)).filter((file) => file.endsWith('.json')).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(join(results, file), 'utf8')))
  return texts.map((text) => JSON.parse(text) as ConformanceResult)
}
