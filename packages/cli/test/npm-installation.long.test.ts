/**
 * Installations by npm itself, from a registry that the tests start.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cp, readFile, realpath, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Workplace } from './workplace.js'

const packages = ['@stowage/core', '@stowage/provider-memory']
const makeMemory = ['datasource', '--name', 'new', '--provider', 'memory']

test.each([
  ['an empty project', {}],
  // Node remembers the misses of a process in a directory that was there.
  ['a project with other packages', { 'node_modules/@stowage/other/package.json': '{}' }],
])('npm itself installs the provider into %s, and it is then tried', async (_, files) => {
  await using place = await Workplace.make(files, { installed: false })
  await using registry = await Registry.start(place)
  await registry.publish('core')
  await registry.publish('provider-memory', ['core'])
  const { code, stdout, stderr } = await place.run([...makeMemory, '--json'], {
    environment: { npm_config_registry: registry.url, npm_config_cache: place.at('cache'), npm_config_audit: 'false' },
  })
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ installed: packages, checked: true })
  expect(await place.readJson('package.json')).toMatchObject({ dependencies: { '@stowage/provider-memory': '^0.0.0' } })
})

/**
 * A registry with Stowage's packages alone, as they are built here, and what they need inside of
 * them.
 */
class Registry implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const found = this.#answers.get(path)
    response.writeHead(found === undefined ? 404 : 200).end(found ?? '{}')
  })
  readonly #answers = new Map<string, string | Buffer>()
  readonly #place: Workplace

  private constructor(place: Workplace) {
    this.#place = place
  }

  static async start(place: Workplace): Promise<Registry> {
    const registry = new Registry(place)
    registry.#server.listen(0, '127.0.0.1')
    await once(registry.#server, 'listening')
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async publish(folder: string, needs: readonly string[] = []): Promise<void> {
    const source = join(import.meta.dirname, '..', '..', folder)
    const staged = this.#place.at('staged', folder)
    await cp(join(source, 'dist'), join(staged, 'dist'), { recursive: true })
    const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as Record<string, unknown>
    const foreign = Object.keys((manifest['dependencies'] ?? {}) as object).filter(
      (name) => !name.startsWith('@stowage/'),
    )
    for (const name of foreign) {
      await cp(await realpath(join(source, 'node_modules', name)), join(staged, 'node_modules', name), {
        recursive: true,
      })
    }
    const own = Object.fromEntries(needs.map((each) => [`@stowage/${each}`, '0.0.0']))
    const bundled = Object.fromEntries(foreign.map((name) => [name, '*']))
    const published = {
      ...manifest,
      dependencies: { ...own, ...bundled },
      devDependencies: {},
      bundleDependencies: foreign,
    }
    await writeFile(join(staged, 'package.json'), JSON.stringify(published))
    const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--ignore-scripts'], { cwd: staged })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    const tarball = await readFile(join(staged, filename))
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const name = `@stowage/${folder}`
    const dist = { tarball: `${this.url}${filename}`, integrity }
    const versions = { '0.0.0': { ...published, name, version: '0.0.0', dist } }
    this.#answers.set(filename, tarball)
    this.#answers.set(name, JSON.stringify({ name, 'dist-tags': { latest: '0.0.0' }, versions }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
