// Unpacks what a page carries (RFC 1951), at once: browsers have that only as a stream, and a page should be alive when it has loaded.

const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MOST_BITS = 15;
const UNUSED_CODES = [34, 36, 38, 39, 60, 62, 92, 96, 123]; // of the visible letters, those that mean something in HTML or to a template

/**
 * The alphabet of a canonical Huffman code: how many codes there are of each length, and their symbols in order.
 * @param {number[]} lengths of each symbol's code; 0 for those that do not occur
 */
function alphabet(lengths) {
  const counts = new Array(MOST_BITS + 1).fill(0);
  for (const length of lengths) if (length > 0) counts[length] += 1;
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol] > 0);
  symbols.sort((one, other) => lengths[one] - lengths[other] || one - other);
  return { counts, symbols };
}

/**
 * @param {Uint8Array} packed a raw deflate stream @returns {Uint8Array}
 */
export function inflate(packed) {
  let at = 0;
  let held = 0; // bits that were read and not used yet
  let holding = 0;
  let out = new Uint8Array(packed.length * 4 + 64);
  let size = 0;

  /** @param {number} count @returns {number} */
  function bits(count) {
    while (holding < count) {
      if (at >= packed.length) throw new RangeError("the packed data ends too early");
      held |= packed[at++] << holding;
      holding += 8;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    holding -= count;
    return value;
  }

  /** @param {number} count */
  function room(count) {
    if (size + count <= out.length) return;
    const larger = new Uint8Array(2 * (size + count));
    larger.set(out);
    out = larger;
  }

  /** Bit by bit: codes of one length are consecutive numbers. @param {ReturnType<typeof alphabet>} code @returns {number} */
  function symbol(code) {
    let value = 0;
    let first = 0; // the first code of this length
    let before = 0; // symbols with shorter codes
    for (let length = 1; length <= MOST_BITS; length += 1) {
      value = 2 * value + bits(1);
      const count = code.counts[length];
      if (value - first < count) return code.symbols[before + value - first];
      before += count;
      first = 2 * (first + count);
    }
    throw new RangeError("the packed data holds no such code");
  }

  /** The two alphabets of a block, themselves packed. */
  function described() {
    const [literals, distances, count] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const short = new Array(19).fill(0);
    for (const place of CODE_LENGTH_ORDER.slice(0, count)) short[place] = bits(3);
    const code = alphabet(short);
    /** @type {number[]} */
    const lengths = [];
    while (lengths.length < literals + distances) {
      const found = symbol(code);
      if (found < 16) lengths.push(found);
      else {
        const repeated = found === 16 ? lengths[lengths.length - 1] : 0;
        const times = found === 16 ? 3 + bits(2) : found === 17 ? 3 + bits(3) : 11 + bits(7);
        for (let time = 0; time < times; time += 1) lengths.push(repeated);
      }
    }
    return [alphabet(lengths.slice(0, literals)), alphabet(lengths.slice(literals))];
  }

  function fixed() {
    const lengths = Array.from({ length: 288 }, (_, place) => (place < 144 ? 8 : place < 256 ? 9 : place < 280 ? 7 : 8));
    return [alphabet(lengths), alphabet(new Array(30).fill(5))];
  }

  /** A length or distance: its symbol stands for a range, further bits for the place in it. @param {number} symbol @param {number} group */
  function extended(symbol, group) {
    if (symbol < 2 * group) return symbol;
    const extra = Math.floor(symbol / group) - 1;
    return ((group + (symbol % group)) << extra) + bits(extra);
  }

  for (let last = false; !last; ) {
    last = bits(1) === 1;
    const kind = bits(2);
    if (kind === 0) {
      held = holding = 0; // to the next whole byte
      const count = packed[at] | (packed[at + 1] << 8);
      room(count);
      out.set(packed.subarray(at + 4, at + 4 + count), size);
      at += 4 + count;
      size += count;
      continue;
    }
    const [literal, distance] = kind === 1 ? fixed() : described();
    for (let found = symbol(literal); found !== 256; found = symbol(literal)) {
      if (found < 256) {
        room(1);
        out[size++] = found;
        continue;
      }
      const count = found === 285 ? 258 : 3 + extended(found - 257, 4);
      const back = 1 + extended(symbol(distance), 2);
      room(count);
      for (let copied = 0; copied < count; copied += 1, size += 1) out[size] = out[size - back];
    }
  }
  return out.subarray(0, size);
}

/**
 * Bytes that stand in a page as text: base 85, in the letters of graphviz_ad/widget/packing.py.
 * @param {string} text @returns {Uint8Array}
 */
function bytesOf(text) {
  const values = new Uint8Array(128);
  for (let code = 33, value = 0; code < 127; code += 1) if (!UNUSED_CODES.includes(code)) values[code] = value++;
  const bytes = new Uint8Array(Math.floor((text.length * 4) / 5));
  for (let at = 0, place = 0; at < text.length; at += 5) {
    let five = 0;
    for (let next = at; next < at + 5; next += 1) five = 85 * five + (next < text.length ? values[text.charCodeAt(next)] : 84);
    for (let shift = 24; shift >= 0; shift -= 8) bytes[place++] = five >>> shift; // what would be behind the end is dropped
  }
  return bytes;
}

/**
 * What `pack` of graphviz_ad/widget/packing.py has packed.
 * @param {string} text of a raw deflate stream of JSON @returns {any}
 */
export function unpacked(text) {
  return JSON.parse(new TextDecoder().decode(inflate(bytesOf(text.trim()))));
}
