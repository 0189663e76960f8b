import { expect, test } from 'vitest'
import { parseOperand } from '../src/commands/addresses.js'
import { UsageFailure } from '../src/failures/failures.js'

test('an address has a data source, a container and a file', () => {
  const address = (source: string, container?: string, file = '') => ({ kind: 'storage', source, container, file })
  expect(parseOperand('a:')).toMatchObject(address('a'))
  expect(parseOperand('a:b')).toMatchObject(address('a', 'b'))
  expect(parseOperand('a:b/')).toMatchObject(address('a', 'b'))
  expect(parseOperand('a:b/c/d')).toMatchObject(address('a', 'b', 'c/d'))
  expect(parseOperand('a:b//c:d\n')).toMatchObject(address('a', 'b', '/c:d\n'))
})

test('what has no colon, or a slash before it, is a path', () => {
  for (const text of ['a', './a:b', '/a:b', 'a/b:c', 'a\\b:c', ':a', '--']) {
    expect(parseOperand(text)).toEqual({ kind: 'local', text, path: text })
  }
})

test('a drive is a path on Windows alone', () => {
  expect(parseOperand('C:\\a', 'win32').kind).toBe('local')
  expect(parseOperand('C:/a', 'win32').kind).toBe('local')
  expect(parseOperand('C:a/b', 'win32').kind).toBe('storage')
  expect(parseOperand('C:\\a', 'linux').kind).toBe('storage')
})

test('a hyphen is a standard stream, and nothing is nothing', () => {
  expect(parseOperand('-').kind).toBe('standard')
  expect(() => parseOperand('')).toThrow(UsageFailure)
  expect(() => parseOperand('a:/b')).toThrow(UsageFailure)
})
