/**
 * Fails for every line of a tracked Markdown file that breaks a rule of `prose.ts`. Changelogs are
 * made from changesets and are not checked again.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { proseProblems } from './prose.ts'

const root = join(import.meta.dirname, '..')

const { stdout } = await promisify(execFile)('git', ['ls-files', '-z', '*.md'], { cwd: root })
const files = stdout.split('\0').filter((file) => file !== '' && !file.endsWith('CHANGELOG.md'))

for (const file of files) {
  for (const { line, message } of proseProblems(await readFile(join(root, file), 'utf8'))) {
    console.error(`${file}:${line}: ${message}`)
    process.exitCode = 1
  }
}
