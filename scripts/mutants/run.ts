/**
 * Breaks the providers in one way at a time, and lists the ways that the conformance suite does not
 * detect.
 *
 *     pnpm mutants            all mutants
 *     pnpm mutants copy       mutants with "copy" in their names
 *     pnpm mutants --check    runs nothing, and fails if a mutant's text is not in its file
 */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fsMutants } from './fs.ts'
import { memoryMutants } from './memory.ts'
import type { Mutant } from './mutant.ts'
import { redisMutants } from './redis.ts'

const processHook = new URL('./process-hook.ts', import.meta.url).href

const suites = [
  { project: '@stowage/provider-memory', mutants: memoryMutants },
  { project: '@stowage/provider-fs', mutants: fsMutants },
  { project: 'stowage-provider-redis', mutants: redisMutants },
]

/** Returns the first case that fails with the mutant, or `undefined` if the suite passes. */
function catchingCase(project: string, mutant: Mutant | undefined): Promise<string | undefined> {
  const variables = mutant === undefined ? {} : { STOWAGE_MUTANT: JSON.stringify(mutant) }
  const options = mutant?.inProcesses ? { NODE_OPTIONS: `--import=${processHook}` } : {}
  const filter = mutant?.case === undefined ? [] : ['-t', ` ${mutant.case.replace('.', '\\.')} `]
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
    ...filter,
  ]
  const run = spawn('vitest', args, {
    // With CI, a server that cannot be started is a failure.
    env: { ...process.env, ...variables, ...options, NO_COLOR: '1', CI: 'true' },
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

/** Returns the mutants whose text does not occur exactly once in their files. */
async function staleMutants(): Promise<string[]> {
  const stale: string[] = []
  for (const { name, file, find } of suites.flatMap(({ mutants }) => mutants)) {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
    if (text.split(find).length !== 2) stale.push(`${file}: ${name}`)
  }
  return stale
}

const wanted = process.argv[2] ?? ''
if (wanted === '--check') {
  const stale = await staleMutants()
  for (const mutant of stale) console.error(`stale mutant: ${mutant}`)
  process.exit(stale.length === 0 ? 0 : 1)
}
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
