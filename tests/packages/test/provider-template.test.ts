import { execFile } from 'node:child_process'
import { cp, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Installation } from '../src/installation.ts'

const run = promisify(execFile)
const packageOf = (name: string) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))

interface Result {
  readonly totals: Readonly<Record<'passed' | 'failed' | 'rejected' | 'skipped', number>>
}

test('the template for providers compiles, and passes the suite, with the published packages', async () => {
  await using installation = await Installation.create()
  const modules = join(installation.directory, 'node_modules')
  await cp(join(modules, '@stowage/core/template'), join(installation.directory, 'mine'), { recursive: true })
  const directory = join(installation.directory, 'mine')
  await installation.link('@types/node')
  await symlink(join(modules, '@stowage/provider-memory/node_modules/valibot'), join(modules, 'valibot'), 'junction')
  await symlink(packageOf('vitest'), join(modules, 'vitest'), 'junction')

  const compiler = join(packageOf('typescript'), 'bin', 'tsc')
  for (const project of ['tsconfig.json', 'tsconfig.build.json']) {
    await run(process.execPath, [compiler, '-p', project], { cwd: directory }).catch(({ stdout }) =>
      expect(stdout).toBe(''),
    )
  }
  await run(process.execPath, [join(packageOf('vitest'), 'vitest.mjs'), 'run', '--maxWorkers=1'], {
    cwd: directory,
    env: { ...process.env, STOWAGE_CONFORMANCE_REPORT: installation.directory },
    maxBuffer: 64 * 1024 * 1024,
  }).catch(({ stdout }) => expect(stdout).toBe(''))
  const { totals } = JSON.parse(await readFile(join(installation.directory, 'mine.json'), 'utf8')) as Result
  expect(totals).toMatchObject({ failed: 0 })
  expect(totals.passed).toBeGreaterThan(300)
}, 300_000)
