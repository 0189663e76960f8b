import { execFile } from 'node:child_process'
import { access, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outwardLinks } from '../../../scripts/release/links.ts'
import { type PublishedPackage, publishedPackages } from '../../../scripts/release/packages.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const address = 'https://git.example/owner/stowage'

let checkout: string

/** Prepares a release in a copy of the files that packages ship in addition to their programs. */
async function prepare(given: string): Promise<void> {
  await writeFile(join(checkout, 'package.json'), JSON.stringify({ repository: given }))
  const script = join(repository, 'scripts', 'release', 'prepare.ts')
  await promisify(execFile)(process.execPath, [script, checkout])
}

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'stowage-release-'))
  for (const { directory, files } of await publishedPackages(repository)) {
    const shown = files.filter((file) => file === 'package.json' || file.endsWith('.md'))
    for (const file of shown) {
      await cp(join(directory, file), join(checkout, 'packages', basename(directory), file))
    }
  }
})

afterAll(() => rm(checkout, { recursive: true }))

test.each(['', 'git.example/owner/stowage', 'https://git.example/', 'https://git.example/owner/stowage/'])(
  'without an address there is no release: %j',
  async (given) => {
    await expect(prepare(given)).rejects.toThrow(/set "repository" in the package\.json at the root/)
  },
)

test('every package gets the fields that are made from the address', async () => {
  await prepare(address)
  const core = JSON.parse(await readFile(join(checkout, 'packages/core/package.json'), 'utf8')) as object
  expect(core).toMatchObject({
    name: '@stowage/core',
    repository: { type: 'git', url: `git+${address}.git`, directory: 'packages/core' },
    homepage: `${address}/tree/HEAD/packages/core#readme`,
    bugs: `${address}/issues`,
  })
  for (const { manifest } of await publishedPackages(checkout)) expect(manifest).toHaveProperty('repository')
})

test('the provider guide is in the tarball of core', async () => {
  const packages = await publishedPackages(repository)
  const core = packages.find(({ manifest }) => manifest.name === '@stowage/core') as PublishedPackage
  expect(core.files).toContain('docs/writing-a-provider.md')
})

test('no link of a prepared package leads out of its tarball but by the address, and each to a file', async () => {
  await prepare(address)
  const broken: string[] = []
  for (const { directory, manifest, files } of await publishedPackages(checkout)) {
    for (const file of files.filter((name) => name.endsWith('.md'))) {
      const text = await readFile(join(directory, file), 'utf8')
      broken.push(...outwardLinks(text, { directory: manifest.name, file, shipped: files }))
      for (const [, path = ''] of text.matchAll(/\]\(https:\/\/git\.example\/owner\/stowage\/blob\/HEAD\/([^)#]+)/g)) {
        await access(join(repository, path)).catch(() => broken.push(path))
      }
    }
  }
  expect(broken).toEqual([])
  const guide = await readFile(join(checkout, 'packages/core/docs/writing-a-provider.md'), 'utf8')
  expect(guide).toContain(`](${address}/blob/HEAD/packages/core/src/contract/provider.ts)`)
  const readme = await readFile(join(checkout, 'packages/core/README.md'), 'utf8')
  expect(readme).toContain('](#conformance)')
  expect(readme).toContain('](docs/writing-a-provider.md)')
})
