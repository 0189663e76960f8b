/**
 * The files that servers are given, and those that they made.
 */
import { closeSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { content } from './content.ts'

export function makeFile(path: string, size: number): void {
  const fd = openSync(path, 'w')
  for (let left = size; left > 0; left -= content.length) writeSync(fd, content, 0, Math.min(left, content.length))
  closeSync(fd)
}

export function makeFiles(folder: string, count: number, size: number): void {
  for (let index = 0; index < count; index++) {
    writeFileSync(join(folder, `file-${String(index).padStart(6, '0')}.bin`), content.subarray(0, size))
  }
}

/**
 * Deletes what was uploaded, after checking that it is what was sent: so many files, each of so
 * many bytes. Ignores other files.
 */
export function checkUploaded(folder: string, count: number, size: number, isOther = (_name: string) => false): void {
  // tus stores a description with each upload, under the same name with another extension.
  const names = readdirSync(folder).filter((name) => !isOther(name))
  const files = names.filter((name) => !(name.endsWith('.json') && names.includes(name.slice(0, -'.json'.length))))
  if (files.length !== count) throw new Error(`${files.length} files were stored in ${folder}, and not ${count}`)
  for (const name of files) check(join(folder, name), size)
  for (const name of names) rmSync(join(folder, name))
}

function check(path: string, size: number): void {
  const actual = statSync(path).size
  if (actual !== size) throw new Error(`${path} has ${actual} bytes, and not ${size}`)
  const fd = openSync(path, 'r')
  const chunk = Buffer.allocUnsafe(Math.min(size, content.length))
  for (const position of [0, Math.floor((size - chunk.length) / content.length / 2) * content.length]) {
    readSync(fd, chunk, 0, chunk.length, position)
    if (!chunk.equals(content.subarray(0, chunk.length))) throw new Error(`${path} does not hold what was sent`)
  }
  closeSync(fd)
}
