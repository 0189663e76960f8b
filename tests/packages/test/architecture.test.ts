import { access, readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { providerMethods } from '@stowage/core/provider'
import { describe, expect, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..', '..')
const page = await readFile(join(repository, 'docs', 'architecture.md'), 'utf8')

/** The page's links to files and folders, as paths from the root. */
const links = [...page.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => posix.join('docs', target))

const tableRows = (heading: string) =>
  (page.split(`\n${heading}\n`)[1]?.split('\n#')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()))

const missing = async (paths: readonly string[]) => {
  const found = await Promise.all(
    paths.map((path) =>
      access(join(repository, path)).then(
        () => [],
        () => [path],
      ),
    ),
  )
  return found.flat()
}

test('every path that the page names exists', async () => {
  const named = [...page.matchAll(/`((?:apps|bench|docs|packages|scripts|tests)(?:\/[\w./-]+)?)`/g)]
  const paths = [...links, ...named.map(([, path = '']) => path)]
  expect(paths.length).toBeGreaterThan(50)
  expect(await missing(paths)).toEqual([])
})

test.each(['core', 'rest-express', 'cli', 'provider-s3', 'provider-azure', 'provider-fs', 'swift'])(
  'every folder of %s is named',
  async (name) => {
    const source = `packages/${name}/src`
    const entries = await readdir(join(repository, source), { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => `${source}/${entry.name}`)
    expect(folders.filter((folder) => !links.includes(folder))).toEqual([])
  },
)

test('the table of imports is that of the packages', async () => {
  const stated = tableRows('## Packages').flatMap(([, name = '', , imports = '']) => {
    const directory = /\(\.\.\/packages\/([^)]+)\)/.exec(name)?.[1]
    return directory === undefined ? [] : [[directory, imports.split(', ').filter((each) => each !== '')] as const]
  })
  const directories = await readdir(join(repository, 'packages'))
  expect(stated.map(([directory]) => directory).toSorted()).toEqual(
    directories.filter((directory) => directory !== 'test-servers').toSorted(),
  )
  for (const [directory, imports] of stated) {
    const text = await readFile(join(repository, 'packages', directory, 'package.json'), 'utf8')
    const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> }
    const ours = Object.keys(dependencies).filter((name) => name.startsWith('@stowage/'))
    expect(ours.map((name) => name.slice('@stowage/'.length)).toSorted(), directory).toEqual([...imports].toSorted())
  }
})

test('the entry points are those of core', async () => {
  const { exports } = JSON.parse(await readFile(join(repository, 'packages/core/package.json'), 'utf8')) as {
    exports: Record<string, string | { readonly default: string }>
  }
  const stated = tableRows('### Entry points of core').flatMap(([, name = '', file = '']) => {
    const path = /packages\/core\/src\/([^)]+)\.ts/.exec(file)?.[1]
    return path === undefined ? [] : [[name.replaceAll('`', ''), path] as const]
  })
  const built = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string' ? [] : [[posix.join('@stowage/core', name), target.default] as const],
  )
  expect(stated.map(([name, path]) => [name, `./dist/${path}.js`])).toEqual(built)
})

const plans = {
  'the page': new Map(
    tableRows('## How a provider is built').map(([, file = '', holds = '']) => [file.replaceAll('`', ''), holds]),
  ),
  "the providers' guide": new Map(
    [
      ...(await readFile(join(repository, 'packages/core/docs/writing-a-provider.md'), 'utf8')).matchAll(
        /^ {2}src\/([\w-]+\.ts) +(.*)$/gm,
      ),
    ].map(([, file = '', holds = '']) => [
      file,
      holds.replace('multipart uploads', methodsLike(/upload|parts/i)).replace('hidden files', methodsLike(/hidden/i)),
    ]),
  ),
}

/** Packages with the modules of a provider, and packages whose class extends the one of `swift`. */
const inheriting = ['provider-openstack', 'provider-rackspace']
const providerPackages = (await readdir(join(repository, 'packages'))).filter(
  (name) => (name.startsWith('provider-') || name === 'swift') && !inheriting.includes(name),
)

type ProviderClass = new (...args: never[]) => object

/** The contract's methods that have their own files: the class implements `close`. */
const calls = providerMethods.filter((method) => method !== 'close')

/**
 * Returns a package's provider class, and the calls of the contract that each of its files
 * exports.
 */
async function providerOf(name: string) {
  const folder = join(repository, 'packages', name)
  const files = (await readdir(join(folder, 'src'), { recursive: true }))
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  const exported = new Map<string, readonly string[]>()
  let provider: ProviderClass | undefined
  for (const file of files) {
    const built = pathToFileURL(join(folder, 'dist', file.replace(/\.ts$/, '.js')))
    const module = (await import(built.href)) as Record<string, unknown>
    const found = calls.filter((call) => typeof module[call] === 'function')
    if (found.length > 0) exported.set(file, found)
    if (file === 'provider.ts') provider = Object.values(module).find((value): value is ProviderClass => isClass(value))
  }
  if (provider === undefined) throw new Error(`no class in provider.ts of ${name}`)
  return { provider, exported }
}

const isClass = (value: unknown) => typeof value === 'function' && /^class\b/.test(String(value))

function methodsLike(pattern: RegExp) {
  return providerMethods.filter((method) => pattern.test(method)).join(' ')
}

test('every path in CONTRIBUTING.md exists', async () => {
  const guide = await readFile(join(repository, 'CONTRIBUTING.md'), 'utf8')
  const paths = [...guide.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
  expect(await missing(paths)).toEqual([])
})

describe.each(Object.entries(plans))('the plan of files in %s', (_, plan) => {
  test('has a file for every method except close, which the class has', () => {
    const methods = [...plan.values()].flatMap((holds) => calls.filter((call) => names(holds, call)))
    expect(methods.toSorted()).toEqual(calls.toSorted())
  })

  test.each(providerPackages)('is that of %s', async (name) => {
    const { provider, exported } = await providerOf(name)
    const planned = [...plan].flatMap(([file, holds]) =>
      calls.filter((call) => names(holds, call) && call in provider.prototype).map((call) => `${call} in ${file}`),
    )
    const found = [...exported].flatMap(([file, methods]) => methods.map((call) => `${call} in ${file}`))
    expect(planned.length).toBeGreaterThan(10)
    expect(found.toSorted()).toEqual(planned.toSorted())
  })
})

test.each(providerPackages)('the class of %s has its calls only from its files', async (name) => {
  const { provider } = await providerOf(name)
  const own: string[] = []
  for (let type = provider.prototype; type.constructor.name !== 'ProviderBase'; type = Object.getPrototypeOf(type)) {
    own.push(...calls.filter((call) => Object.hasOwn(type, call)))
  }
  expect(own).toEqual([])
})

test.each(inheriting)('%s has all calls from swift', async (name) => {
  const swift = await providerOf('swift')
  const { provider, exported } = await providerOf(name)
  expect(Object.getPrototypeOf(provider)).toBe(swift.provider)
  expect(calls.filter((call) => Object.hasOwn(provider.prototype, call))).toEqual([])
  expect([...exported.keys()]).toEqual([])
})

const names = (holds: string, method: string) => new RegExp(`\\b${method}\\b`).test(holds)
