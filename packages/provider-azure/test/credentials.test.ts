import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { settings } from '../src/index.js'

const good = { storageAccount: 'a', storageAccessKey: 'a2V5' }

describe('credentials', () => {
  it.each(['storageAccount', 'storageAccessKey', 'sas'])(
    'of which %s ends with a line break are refused by its name',
    (name) => {
      for (const value of ['hunter2\n', 'hunter2\r\n', 'hun\tter2']) {
        const { issues = [] } = v.safeParse(settings, { ...good, [name]: value })
        const named = issues.find((issue) => v.getDotPath(issue) === name)
        expect(named?.message).toMatch(/line break/)
        expect(named?.message).not.toContain('hunter2')
      }
      expect(v.is(settings, good)).toBe(true)
    },
  )
})
