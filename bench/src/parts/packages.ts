import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Part, Row, Settings } from '../part.ts'
import { takePlace } from '../place.ts'
import { median } from '../statistics.ts'

const run = promisify(execFile)
const workspace = fileURLToPath(new URL('../../../packages/', import.meta.url))

interface Packed {
  readonly name: string
  readonly archive: string
  /** Names of the workspace's packages that it depends on. */
  readonly needs: readonly string[]
}

/**
 * What an application gets that installs a package: packed as it is published and installed into an
 * empty folder. Express, a peer of the router, is the application's own and not counted.
 */
export const packages: Part = {
  name: 'packages',
  about: 'time to import each package, and its size when it is installed',
  longOnly: true,
  async run(settings) {
    await using place = await takePlace(1024 ** 3)
    const all = await pack(settings, place.path)
    const rows: Row[] = []
    for (const { name } of all) {
      settings.say(`${name}: install and import`)
      const folder = join(place.path, name.replace('/', '-'))
      await install(folder, name, all)
      rows.push(await measure(folder, name, settings))
    }
    return { rows, goals: [] }
  },
}

/** The published packages that are built. */
async function pack({ say }: Settings, path: string): Promise<Packed[]> {
  const packed: Packed[] = []
  for (const entry of await readdir(workspace)) {
    const folder = join(workspace, entry)
    const manifestPath = join(folder, 'package.json')
    if (!existsSync(manifestPath)) continue
    const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as {
      readonly name: string
      readonly private?: boolean
      readonly dependencies?: Readonly<Record<string, string>>
    }
    if (manifest.private === true) continue
    if (!existsSync(join(folder, 'dist/index.js'))) {
      say(`${manifest.name} is left out: it is not built`)
      continue
    }
    const archive = join(path, `${entry}.tgz`)
    await run('pnpm', ['pack', '--out', archive], { cwd: folder })
    const needs = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@stowage/'))
    packed.push({ name: manifest.name, archive, needs })
  }
  return packed
}

async function install(folder: string, name: string, all: readonly Packed[]): Promise<void> {
  await mkdir(folder)
  const wanted = new Set([name])
  for (const each of wanted) for (const need of all.find((one) => one.name === each)?.needs ?? []) wanted.add(need)
  const archives = all.filter((each) => wanted.has(each.name))
  const dependencies = Object.fromEntries(archives.map((each) => [each.name, `file:${each.archive}`]))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', '--omit=peer', '--omit=optional', '--prefer-offline', ...quiet], { cwd: folder })
}

async function measure(folder: string, name: string, { rounds }: Settings): Promise<Row> {
  const modules = join(folder, 'node_modules')
  const times: number[] = []
  const code = `const start = performance.now(); await import(${JSON.stringify(name)}); process.stdout.write(String(performance.now() - start))`
  for (let round = 0; round < Math.max(5, rounds); round++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
    times.push(Number(stdout))
  }
  const installed = await sizeOf(modules)
  const own = await sizeOf(join(modules, name))
  return {
    work: 'import and installation',
    name,
    rounds: times.length,
    figures: {
      'import ms': median(times),
      'installed kB': installed.bytes / 1000,
      'of it its own kB': own.bytes / 1000,
      packages: installed.packages,
    },
  }
}

/** The bytes of a folder's files, and the packages among its folders. */
async function sizeOf(path: string): Promise<{ readonly bytes: number; readonly packages: number }> {
  let bytes = 0
  let packages = 0
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile()) bytes += (await lstat(file)).size
    if (entry.name === 'package.json' && /node_modules\/(?:@[^/]+\/)?[^/]+$/.test(entry.parentPath)) packages++
  }
  return { bytes, packages }
}
