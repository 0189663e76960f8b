/**
 * A directory with installed packages, as `npm install` creates it: the packages of an application
 * and the connector in `node_modules`.
 */
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from './loopback3-app.js'

const ownPackage = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Creates a directory in which the packages can be required. LoopBack resolves connectors from its
 * own real path, so a process in the directory needs `nodePath` as `NODE_PATH`.
 */
export async function installation(): Promise<{ readonly directory: string; readonly nodePath: string }> {
  const directory = await temporaryDirectory()
  const nodePath = join(directory, 'node_modules')
  for (const name of await packagesIn(join(ownPackage, 'node_modules'))) {
    await link(join(ownPackage, 'node_modules', name), join(nodePath, name))
  }
  await link(ownPackage, join(nodePath, '@stowage/loopback-connector'))
  return { directory, nodePath }
}

async function packagesIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.'))
  const scoped = names.map(async (name) =>
    name.startsWith('@') ? (await readdir(join(directory, name))).map((inner) => `${name}/${inner}`) : [name],
  )
  return (await Promise.all(scoped)).flat()
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path, 'dir')
}
