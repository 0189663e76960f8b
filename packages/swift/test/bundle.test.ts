import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { expect, test } from 'vitest'

const built = (name: string) => readFile(new URL(`../dist/identity/${name}`, import.meta.url), 'utf8')

test('the bundle of pkgcloud is small and needs only Node', async () => {
  const code = await built('pkgcloud.js')
  expect(code.length).toBeLessThan(64 * 1024)
  const needed = [...code.matchAll(/(?:\bfrom |\bimport\(|require\()\s*["']([^"']+)["']/g)].map(([, name]) =>
    String(name),
  )
  expect(needed).toContain('node:async_hooks')
  expect(needed.filter((name) => !isBuiltin(name))).toEqual([])
  // A CommonJS bundle of an application has neither.
  expect(code).not.toMatch(/import\.meta|createRequire/)
})

test('the licences of all bundled packages are included', async () => {
  const licences = await built('THIRD-PARTY-LICENCES.txt')
  for (const name of ['pkgcloud 2.2.0', 'eventemitter2', 'url-join']) expect(licences).toContain(name)
  expect(licences.match(/Permission is hereby granted/g)?.length).toBeGreaterThanOrEqual(2)
})
