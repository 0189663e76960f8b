/**
 * Breaks the providers in one way at a time, and lists the ways that the conformance suite does not
 * detect.
 *
 *     pnpm mutants            all mutants
 *     pnpm mutants copy       mutants with "copy" in their names
 */
import { spawn } from 'node:child_process'
import { fsMutants } from './fs.ts'
import { memoryMutants } from './memory.ts'
import type { Mutant } from './mutant.ts'

const suites = [
  { project: '@stowage/provider-memory', mutants: memoryMutants },
  { project: '@stowage/provider-fs', mutants: fsMutants },
]

/** Returns the first case that fails with the mutant, or `undefined` if the suite passes. */
function catchingCase(project: string, mutant: Mutant | undefined): Promise<string | undefined> {
  const variables = mutant === undefined ? {} : { STOWAGE_MUTANT: JSON.stringify(mutant) }
  // Without a cache, so that a broken module is not used in the next run.
  const args = [
    'run',
    '--project',
    project,
    '--bail',
    '1',
    '--reporter',
    'dot',
    '--fsModuleCache=false',
    'test/conformance.test.ts',
  ]
  const run = spawn('vitest', args, {
    env: { ...process.env, ...variables, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (text: Buffer) => {
    output += text
  }
  run.stdout.on('data', collect)
  run.stderr.on('data', collect)
  return new Promise((resolve, reject) => {
    run.on('error', reject)
    run.on('close', (code) => {
      if (output.includes('must occur exactly once')) reject(new Error(`stale mutant: ${mutant?.name}\n${output}`))
      else resolve(code === 0 ? undefined : (/^ *FAIL .* > (\S.*)$/m.exec(output)?.[1] ?? 'the suite does not start'))
    })
  })
}

const wanted = process.argv[2] ?? ''
const survivors: string[] = []
let caught = 0
for (const { project, mutants } of suites) {
  const broken = await catchingCase(project, undefined)
  if (broken !== undefined) throw new Error(`${project} fails the suite without a mutant: ${broken}`)
  for (const mutant of mutants.filter(({ name }) => name.includes(wanted))) {
    const by = await catchingCase(project, mutant)
    if (by === undefined) survivors.push(mutant.name)
    else caught++
    console.log(
      by === undefined
        ? `SURVIVED ${project} ${mutant.name}`
        : `caught   ${project} ${mutant.name}\n           by ${by}`,
    )
  }
}
console.log(`\n${caught} caught, ${survivors.length} survived`)
process.exitCode = survivors.length === 0 ? 0 : 1
