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

/** Whether processes can be put into namespaces and file systems mounted: as root on Linux, in most containers not. */
export const canUnshare = succeeds('unshare', '--mount', '--pid', '--fork', '--mount-proc', 'true')

/** Whether images of file systems can be made and mounted as well. */
export const canMountImages = canUnshare && succeeds('sh', '-c', 'command -v mkfs.ext4 && test -b /dev/loop0')

/** Mounts a file system of its own, for the length of the test; its directory. */
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

/** How a process is started as an ordinary user; `undefined` where we are one. */
export const runAs = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined
