import * as z from 'zod'

/** The program and its arguments. No shell reads them. */
export const commandSchema = z
  .array(z.string().regex(/^[^\0]+$/, 'may not be empty'), {
    error: 'is a list: the program and its arguments, such as ["python3", "mine.py"]',
  })
  .min(1, 'names no program')
  .max(64)
