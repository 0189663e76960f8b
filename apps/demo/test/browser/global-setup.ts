/**
 * Chromium for the tests in the browser: the one of `STOWAGE_TEST_CHROMIUM`, else Debian's, which
 * is installed where that is possible.
 */
import { access } from 'node:fs/promises'
import { requirePackages } from '@stowage/test-servers'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where Chromium is, or why there is none. */
    chromium: { readonly path: string } | { readonly unavailable: string }
  }
}

const debian = '/usr/bin/chromium'
/** With the fonts of the pictures in the documentation. */
const packages = ['chromium', 'fonts-inter', 'fonts-noto-color-emoji']

export async function setup(project: TestProject): Promise<void> {
  project.provide('chromium', await find())
}

async function find() {
  const given = process.env['STOWAGE_TEST_CHROMIUM']
  if (given !== undefined && given !== '') return { path: given }
  try {
    await requirePackages('Chromium', packages)
    await access(debian)
    return { path: debian }
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) }
  }
}
