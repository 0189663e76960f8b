/**
 * Fails for every line of a tracked Markdown file or source file that breaks a rule of `prose.ts`.
 * Changelogs are made from changesets and are not checked again.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { commentProblems, type ProseProblem, proseProblems } from './prose.ts'

const root = join(import.meta.dirname, '..')

/** Folders whose comments are checked. */
const sources = ['apps', 'bench', 'packages/cli', 'packages/test-servers', 'scripts', 'tests']

async function trackedFiles(...patterns: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z', ...patterns], { cwd: root })
  return stdout.split('\0').filter((file) => file !== '')
}

async function check(files: readonly string[], problems: (text: string) => readonly ProseProblem[]): Promise<void> {
  for (const file of files) {
    for (const { line, message } of problems(await readFile(join(root, file), 'utf8'))) {
      console.error(`${file}:${line}: ${message}`)
      process.exitCode = 1
    }
  }
}

const documents = await trackedFiles('*.md')
await check(
  documents.filter((file) => !file.endsWith('CHANGELOG.md')),
  proseProblems,
)
const code = await trackedFiles(...sources)
await check(
  code.filter((file) => /\.(?:[cm]?[jt]s|tsx|css)$/.test(file)),
  commentProblems,
)
