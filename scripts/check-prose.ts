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

async function trackedFiles(...patterns: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z', ...patterns], { cwd: root })
  return stdout.split('\0').filter((file) => file !== '')
}

async function check(
  files: readonly string[],
  problems: (text: string, file: string) => readonly ProseProblem[],
): Promise<void> {
  for (const file of files) {
    for (const { line, message } of problems(await readFile(join(root, file), 'utf8'), file)) {
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
await check(await trackedFiles('*.ts', '*.tsx', '*.mts', '*.js', '*.mjs', '*.cjs', '*.css'), commentProblems)
