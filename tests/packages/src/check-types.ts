/**
 * Compiles the programs in `types/` against the packages as they are published, by the oldest and
 * by the newest TypeScript that they support. Fails on any mistake in the programs or in a
 * declaration of ours, and when a line with `// refused: <text>` compiles.
 */
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Installation } from './installation.ts'

const programs = join(import.meta.dirname, '..', 'types')
const require = createRequire(import.meta.url)
const compilers = ['typescript-oldest', 'typescript'].map((name) => require.resolve(`${name}/package.json`))

const options = {
  target: 'es2022',
  lib: ['es2023'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
}

await using installation = await Installation.create()
const { directory } = installation
await installation.link('@types/node')
await cp(programs, directory, { recursive: true })
await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
await writeFile(join(directory, 'package.json'), '{ "type": "module" }')

const refused = await refusedLines()
const failures = await Promise.all(compilers.map((manifest) => failuresOf(manifest)))
for (const failure of failures.flat()) console.error(failure)
if (failures.flat().length > 0) process.exitCode = 1

async function failuresOf(manifest: string): Promise<string[]> {
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly version: string }
  const mistakes = await compile(join(manifest, '..', 'bin', 'tsc'))
  const expected = (mistake: string) => refused.some((line) => line.isIn(mistake))
  const compiled = refused.filter((line) => !mistakes.some((mistake) => line.isIn(mistake)))
  return [
    ...mistakes.filter((mistake) => !expected(mistake)),
    ...compiled.map(({ place, text }) => `${place}: compiles, and should be refused with "${text}"`),
  ].map((failure) => `TypeScript ${version}: ${failure}`)
}

/** What the compiler reports of the programs and of our declarations, not of those of others. */
async function compile(compiler: string): Promise<string[]> {
  const reported = await promisify(execFile)(process.execPath, [compiler, '-p', directory, '--pretty', 'false'], {
    cwd: directory,
  }).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  )
  const mistakes = reported.split(/\n(?=\S)/).filter((mistake) => mistake.trim() !== '')
  const ofOthers = /^(\.\.\/|node_modules\/(?!@stowage\/[^/]+\/dist\/))/
  return mistakes.filter((mistake) => !ofOthers.test(mistake))
}

async function refusedLines() {
  const files = (await readdir(programs)).filter((name) => name.endsWith('.ts'))
  const lines = files.map(async (file) =>
    (await readFile(join(programs, file), 'utf8')).split('\n').flatMap((line, index) => {
      const [, text] = /\/\/ refused: (.*)$/.exec(line) ?? []
      if (text === undefined) return []
      const place = `${file}(${index + 1},`
      return { place, text, isIn: (mistake: string) => mistake.startsWith(place) && mistake.includes(text) }
    }),
  )
  return (await Promise.all(lines)).flat()
}
