import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { newDirectory } from './fixture.js'

const succeeds = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * Whether namespaces can be created and file systems mounted: as root on Linux, but not in most
 * containers.
 */
export const canUnshare = succeeds('unshare', '--mount', '--pid', '--fork', '--mount-proc', 'true')

/** Whether images of file systems can also be created and mounted. */
export const canMountImages = canUnshare && succeeds('sh', '-c', 'command -v mkfs.ext4 && test -b /dev/loop0')

/** Mounts a file system for the duration of the test, and returns its directory. */
export async function mounted(...args: string[]): Promise<string> {
  const directory = join(await newDirectory(), 'volume')
  await mkdir(directory)
  execFileSync('mount', [...args, directory])
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]))
  return directory
}

/** Mounts a new ext4 in a file. */
export async function mountedExt4(bytes: number, ...options: string[]): Promise<string> {
  const image = join(await newDirectory(), 'image')
  execFileSync('truncate', ['-s', String(bytes), image])
  execFileSync('mkfs.ext4', ['-q', '-F', ...options, image], { stdio: 'ignore' })
  return mounted('-o', 'loop', image)
}

/** The user of a process without root's rights, or `undefined` if this process has none. */
export const runAs = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined
