import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..', '..')
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** The guide's blocks of TypeScript, in their order, as files of one package. */
const files = [
  'src/provider.ts',
  'src/attributes.ts',
  'src/index.ts',
  'test/conformance.test.ts',
  'src/errors.ts',
  'src/get.ts',
  'src/page.ts',
  'src/read-only.ts',
]

const calls = {
  containers: ['listContainers', 'createContainer', 'getContainer', 'destroyContainer'],
  lister: ['listFiles'],
  reader: ['getFile', 'openFile'],
  writer: ['putFile'],
  remover: ['removeFile', 'removeFiles'],
  copier: ['copyFile'],
}

/** What the blocks import and the guide leaves to its reader. */
const declared = {
  'src/connection.ts': `
    export interface MySettings { readonly endpoint: string; readonly key: string }
    export declare class Connection {
      readonly client: object
      constructor(settings: MySettings)
      close(): Promise<void>
    }`,
  'test/service.ts': `
    export declare const service: {
      chunksWithoutFile(run: string): Promise<string[]>
      openConnections(): number
      moveClock(milliseconds: number): Promise<void>
    }`,
  'src/capabilities.ts': `
    import type { Capabilities } from '@stowage/core/provider'
    export declare const capabilities: Capabilities`,
  ...Object.fromEntries(
    Object.entries(calls).map(([name, functions]) => [
      `src/${name}.ts`,
      [
        "import type { ProviderCalls } from '@stowage/core/provider'",
        "import type { Connection } from './connection.js'",
        ...functions.map((each) => `export declare const ${each}: ProviderCalls<Connection>['${each}']`),
      ].join('\n'),
    ]),
  ),
}

const modules = {
  '@stowage/core': 'packages/core',
  '@types/node': 'node_modules/@types/node',
  valibot: 'packages/provider-memory/node_modules/valibot',
  vitest: 'node_modules/vitest',
}

test('the code of the guide for providers compiles as one package', async () => {
  const guide = await readFile(join(repository, 'packages/core/docs/writing-a-provider.md'), 'utf8')
  const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  expect(blocks).toHaveLength(files.length)
  const directory = await mkdtemp(join(tmpdir(), 'stowage-guide-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const written = { ...declared, ...Object.fromEntries(files.map((file, index) => [file, blocks[index] ?? ''])) }
  for (const [file, code] of Object.entries(written)) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), code)
  }
  for (const [name, target] of Object.entries(modules)) {
    const link = join(directory, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(repository, target), link, 'junction')
  }
  const base = { extends: join(repository, 'tsconfig.base.json'), compilerOptions: { noEmit: true } }
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ ...base, include: ['src', 'test'] }))
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  const reported = await promisify(execFile)(process.execPath, [compiler, '-p', directory, '--pretty', 'false']).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  )
  expect(reported).toBe('')
})
