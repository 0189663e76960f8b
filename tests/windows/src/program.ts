// Runs on Windows: lists the cases, or runs them and writes the result of each to a file, because
// Node cannot write to Wine's standard output.
//
// Arguments: `list` or `run`, the file, an empty directory, `wine` or `windows`, and optionally a
// part of the titles of the cases to run.
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { registerConformance } from '@stowage/core/conformance'
import { FilesystemProvider } from '@stowage/provider-fs'
import { canResolveLongPaths, windowsCases } from './cases.ts'
import { leftOut } from './left-out.ts'
import type { CaseResult, ListedCase } from './results.ts'

const [mode, output = '', directory = '', system = '', part = ''] = process.argv.slice(2)
const isWine = system === 'wine'
const root = join(directory, 'conformance')
const cases: { readonly title: string; readonly skip: boolean; readonly run: () => Promise<void> }[] = []
const titles: string[] = []
const runner = {
  describe: (title: string, define: () => void): void => {
    titles.push(title)
    define()
    titles.pop()
  },
  it: (title: string, { skip = false }: { readonly skip?: boolean }, run: () => Promise<void>): void => {
    cases.push({ title: [...titles, title].join(' > '), skip, run })
  },
}

const idOf = (title: string): string => title.split(' ', 1)[0] ?? ''

const entriesOf = (path: string): Promise<string[]> => readdir(path).catch(() => [])
const paths = new FilesystemProvider({ root })

runner.describe('Windows', () => {
  for (const { title, run } of windowsCases) runner.it(title, {}, () => run(join(directory, idOf(title))))
})
registerConformance(runner, 'filesystem', {
  createProvider: () => new FilesystemProvider({ root }),
  // Only names of ASCII characters are paired by the cases.
  fold: (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  leftovers: async () => [
    ...(await entriesOf(join(root, '.stowage', 'tmp'))),
    ...(await entriesOf(join(root, '.stowage', 'locks'))),
  ],
  bulk: {
    async put(container, files) {
      for (const file of files) {
        const path = paths.native.pathOf(container, file)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, file.slice(-8))
      }
    },
    async clear(container) {
      await paths.destroyContainer(container, { onlyIfEmpty: false, signal: new AbortController().signal })
      await paths.createContainer(container, { signal: new AbortController().signal })
    },
  },
  secrets: [root],
  breakService: { unreachable: () => new FilesystemProvider({ root: join(root, 'missing') }) },
  otherProcess: { module: import.meta.resolve('@stowage/provider-fs'), settings: { root } },
})

/** Why a case does not run here. */
function reasonOf(title: string): string | undefined {
  if (!isWine) return undefined
  return leftOut(idOf(title.slice(title.lastIndexOf(' > ') + 3)), canResolveLongPaths(directory))
}

await mkdir(root, { recursive: true })
if (mode === 'list') {
  const listed = cases.map(({ title, skip }): ListedCase => ({ title, skip: skip ? '' : (reasonOf(title) ?? false) }))
  await writeFile(output, JSON.stringify(listed))
  process.exit()
}

let unhandled: unknown
process.on('unhandledRejection', (error) => {
  unhandled = error
})
for (const { title, skip, run } of cases) {
  if (skip || reasonOf(title) !== undefined || !title.includes(part)) continue
  const started = performance.now()
  unhandled = undefined
  let failure: unknown
  try {
    await run()
  } catch (error) {
    failure = error
  }
  failure ??= unhandled
  const result: CaseResult = {
    title,
    milliseconds: Math.round(performance.now() - started),
    ...(failure === undefined ? {} : { failure: failure instanceof Error ? `${failure.stack}` : `${failure}` }),
  }
  await appendFile(output, `${JSON.stringify(result)}\n`)
}
process.exit()
