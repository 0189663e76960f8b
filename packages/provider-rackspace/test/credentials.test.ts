import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { settings } from '../src/index.js'

const valid = { username: 'ada', apiKey: 'k' }

describe('Credentials', () => {
  it.each(['username', 'apiKey', 'region'])(
    'with a control character in %s are rejected, and the issue names the property',
    (name) => {
      for (const value of ['hunter2\n', 'hunter2\r\n', 'hun\tter2']) {
        const { issues = [] } = v.safeParse(settings, { ...valid, [name]: value })
        const named = issues.find((issue) => v.getDotPath(issue) === name)
        expect(named?.message).toMatch(/line break/)
        expect(named?.message).not.toContain('hunter2')
      }
      expect(v.is(settings, valid)).toBe(true)
    },
  )
})
