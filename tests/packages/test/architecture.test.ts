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
    const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
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
        /^ {2}src\/(\w+\.ts) +(.*)$/gm,
      ),
    ].map(([, file = '', holds = '']) => [file, holds.replace('multipart uploads', uploadMethods().join(' '))]),
  ),
}

function uploadMethods() {
  return providerMethods.filter((method) => /upload|parts/i.test(method))
}

test('every path in CONTRIBUTING.md exists', async () => {
  const guide = await readFile(join(repository, 'CONTRIBUTING.md'), 'utf8')
  const paths = [...guide.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
  expect(await missing(paths)).toEqual([])
})

describe.each(Object.entries(plans))('the plan of files in %s', (_, plan) => {
  test('has a place for every method but close, which the class has', () => {
    const methods = [...plan.values()].flatMap((holds) => providerMethods.filter((method) => names(holds, method)))
    expect(methods.toSorted()).toEqual(providerMethods.filter((method) => method !== 'close').toSorted())
  })

  test.each(['provider-s3', 'provider-azure', 'provider-fs', 'provider-memory', 'swift'])(
    'is that of %s',
    async (name) => {
      const dist = join(repository, 'packages', name, 'dist')
      const modules = (await readdir(dist)).filter((file) => file.endsWith('.js'))
      expect(modules).toEqual(
        expect.arrayContaining(['index.js', 'provider.js', 'capabilities.js', 'containers.js', 'lister.js']),
      )
      for (const module of modules) {
        const exported = Object.keys((await import(pathToFileURL(join(dist, module)).href)) as object)
        const calls = providerMethods.filter((method) => exported.includes(method))
        const holds = plan.get(module.replace(/\.js$/, '.ts')) ?? ''
        expect(
          calls.filter((method) => !names(holds, method)),
          module,
        ).toEqual([])
      }
    },
  )
})

const names = (holds: string, method: string) => new RegExp(`\\b${method}\\b`).test(holds)
