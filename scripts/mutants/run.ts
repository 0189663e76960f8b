/**
 * Breaks the providers on purpose, one way at a time, and tells which ways the conformance suite does not notice.
 *
 *     pnpm mutants            all of them
 *     pnpm mutants copy       those whose names hold "copy"
 */
import { spawn } from 'node:child_process'
import { fsMutants } from './fs.ts'
import { memoryMutants } from './memory.ts'
import type { Mutant } from './mutant.ts'

const suites = [
  { project: '@stowage/provider-memory', mutants: memoryMutants },
  { project: '@stowage/provider-fs', mutants: fsMutants },
]

/** The case that fails with the mutant, as one should; `undefined` when the suite passes. */
function catchingCase(project: string, mutant: Mutant | undefined): Promise<string | undefined> {
  const described = mutant === undefined ? {} : { STOWAGE_MUTANT: JSON.stringify(mutant) }
  // A broken module must not be kept for the next run.
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
    env: { ...process.env, ...described, NO_COLOR: '1' },
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
      if (output.includes('must stand once')) reject(new Error(`stale mutant: ${mutant?.name}\n${output}`))
      else resolve(code === 0 ? undefined : (/^ *FAIL .* > (\S.*)$/m.exec(output)?.[1] ?? 'the suite does not run'))
    })
  })
}

const wanted = process.argv[2] ?? ''
const survivors: string[] = []
let caught = 0
for (const { project, mutants } of suites) {
  const broken = await catchingCase(project, undefined)
  if (broken !== undefined) throw new Error(`${project} fails the suite as it is: ${broken}`)
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
