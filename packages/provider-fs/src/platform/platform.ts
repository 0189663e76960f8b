/**
 * What differs between the operating systems. Everything else in the provider expects the behaviour
 * of Linux: a name can be replaced, moved and deleted while the file is open, and errors have
 * Linux's codes. `posix.ts` is Linux and macOS as they are. `windows.ts` makes Windows behave the
 * same, as far as it can; `openFilesBlock` says where it cannot.
 */
import { posix } from './posix.js'
import type { Platform } from './system-calls.js'
import { windows } from './windows.js'

export const platform: Platform = process.platform === 'win32' ? windows : posix
