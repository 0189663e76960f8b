/**
 * The `@example` of every provider class: they are compiled in one file, and executed without I/O.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..', '..')
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const packages = (await readdir(join(repository, 'packages'))).filter(
  (name) => name.startsWith('provider-') || name === 'swift',
)

/** The values that the examples do not declare. */
const prelude = `
import { StorageService } from '@stowage/core'
import type { SignIn } from '@stowage/swift'
const [key, password, apiKey] = ['a2V5', 'password', 'key']
const signIn: SignIn = { authenticate: () => Promise.reject(new Error('not called')) }
`

async function exampleOf(name: string): Promise<string> {
  const source = await readFile(join(repository, 'packages', name, 'src', 'provider.ts'), 'utf8')
  const comments = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport class (\w+)/g)
  for (const [, comment = '', className = ''] of comments) {
    const [, example] = comment.split(/^ *\* @example\n/m)
    if (example === undefined) continue
    const code = example.replace(/^ *\* ?/gm, '').trim()
    return `import { ${className} } from '@stowage/${name}'\n{\n${code}\nawait storage.close()\n}`
  }
  throw new Error(`no example of the class in provider.ts of ${name}`)
}

const output = (file: string, args: string[], cwd: string): Promise<string> =>
  promisify(execFile)(process.execPath, [file, ...args], { cwd }).then(
    ({ stderr }) => stderr,
    (error: { readonly stdout: string; readonly stderr: string }) => error.stdout + error.stderr,
  )

test('every provider class has an example that compiles and runs', async () => {
  const examples = await Promise.all(packages.map(exampleOf))
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'stowage-examples-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'node_modules', '@stowage'), { recursive: true })
  await mkdir(join(directory, 'node_modules', '@types'))
  for (const name of ['core', ...packages]) {
    const link = join(directory, 'node_modules', '@stowage', name)
    await symlink(join(repository, 'packages', name), link, 'junction')
  }
  const types = join(repository, 'node_modules', '@types', 'node')
  await symlink(types, join(directory, 'node_modules', '@types', 'node'), 'junction')
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ extends: join(repository, 'tsconfig.base.json'), include: ['examples.ts'] }),
  )
  await writeFile(join(directory, 'examples.ts'), [prelude, ...examples].join('\n'))
  expect(await output(compiler, ['-p', directory, '--pretty', 'false'], directory)).toBe('')
  expect(await output(join(directory, 'examples.js'), [], directory)).toBe('')
})
