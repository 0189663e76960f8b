/**
 * Rows of one height, of which only the visible ones are in the document. Libraries for this also
 * measure rows of unknown height, which is the difficult part.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Rows beyond the edges, so that scrolling shows no gaps. */
const margin = 8

interface VirtualRowsProps {
  readonly rows: number
  readonly rowHeight: number
  /** The row that must be in sight, whenever it changes. */
  readonly active: number
  readonly render: (row: number, top: number) => ComponentChildren
  /** The last rows are in sight. */
  readonly onEnd: () => void
}

/** Inside a scrolling element with the attribute `data-scroller`. */
export function VirtualRows({ rows, rowHeight, active, render, onEnd }: VirtualRowsProps) {
  const space = useRef<HTMLDivElement>(null)
  const [{ first, last }, setRange] = useState({ first: 0, last: 40 })
  const scroller = () => space.current?.closest<HTMLElement>('[data-scroller]')

  useEffect(() => {
    const element = scroller()
    if (element === null || element === undefined) return
    const measure = () => {
      const top = element.scrollTop - (space.current?.offsetTop ?? 0)
      const from = Math.max(0, Math.floor(top / rowHeight) - margin)
      const to = Math.ceil((top + element.clientHeight) / rowHeight) + margin
      setRange((before) => (before.first === from && before.last === to ? before : { first: from, last: to }))
    }
    measure()
    const resized = new ResizeObserver(measure)
    resized.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      resized.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [rowHeight])

  useLayoutEffect(() => {
    const element = scroller()
    if (element === null || element === undefined || active < 0) return
    const offset = space.current?.offsetTop ?? 0
    const top = active * rowHeight
    // What stays at the top of the scrolling element, such as a table's head, covers rows below it.
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + rowHeight + offset > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight + offset - element.clientHeight
    }
  }, [active, rowHeight])

  useEffect(() => {
    if (last >= rows) onEnd()
  }, [last, rows, onEnd])

  const shown = Array.from({ length: Math.max(0, Math.min(rows, last) - first) }, (_, index) => first + index)
  return (
    <div ref={space} class="virtual-rows" role="rowgroup" style={{ height: `${rows * rowHeight}px` }}>
      {shown.map((row) => render(row, row * rowHeight))}
    </div>
  )
}
