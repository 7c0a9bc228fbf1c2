using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Backup.MongoWire.Bson;

/// <summary>
/// Checks raw BSON from its first byte to its last without recursing: whatever comes in passes here, once.
/// </summary>
/// <remarks>
/// An array is checked as the document that it is: its names need not be "0", "1", … (servers store others and every
/// reader goes by position).
/// </remarks>
public static class BsonValidator
{
    private const int LevelsOnStack = 256;

    /// <summary>Checks that the bytes are exactly one document.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 malformed, 2002 too deep or long, 2003 not UTF-8; with the offset.</exception>
    public static void Validate(ReadOnlySpan<byte> document, BsonLimits? limits = null)
    {
        var length = ValidateFirst(document, 0, limits ?? BsonLimits.Strict);
        if (length != document.Length)
        {
            throw MongoWireErrors.Malformed($"{document.Length - length} bytes behind the document's end", length);
        }
    }

    /// <summary>Checks that the buffer holds whole documents one after another and nothing else.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="Foundation.Errors.BackupException">As <see cref="Validate"/>; the offset counts from the start of the buffer.</exception>
    public static int ValidateAll(ReadOnlySpan<byte> buffer, BsonLimits? limits = null) =>
        new BsonSequence(buffer, limits ?? BsonLimits.Strict).Count();

    /// <summary>Checks the document that starts at <paramref name="start"/>; what stands behind it is not looked at.</summary>
    /// <returns>Its length.</returns>
    [SkipLocalsInit]
    internal static int ValidateFirst(ReadOnlySpan<byte> buffer, int start, BsonLimits limits)
    {
        var length = BsonView.LengthOf(buffer[start..], start);
        if (length > limits.Length)
        {
            throw MongoWireErrors.OverLimit($"a document of {length} bytes, {limits.Length} are allowed", start);
        }

        Span<int> ends = limits.Depth <= LevelsOnStack ? stackalloc int[LevelsOnStack] : new int[limits.Depth];
        new Walk(buffer.Slice(start, length), start, ends[..limits.Depth], limits.StrictContent).Run();
        return length;
    }

    /// <summary>One pass over one document. Every read is inside <c>_end</c>, the end of the innermost open document.</summary>
    private ref struct Walk
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private readonly Span<int> _ends;
        private readonly int _origin;
        private readonly bool _strict;
        private int _depth;
        private int _end;
        private int _next;
        private int _element;

        /// <param name="bytes">A document whose frame has been checked.</param>
        /// <param name="origin">Where it starts in what the caller reads, for the offsets of errors.</param>
        /// <param name="ends">Room for the ends of the open documents: as many as may be nested.</param>
        internal Walk(ReadOnlySpan<byte> bytes, int origin, Span<int> ends, bool strict)
        {
            _bytes = bytes;
            _origin = origin;
            _ends = ends;
            _strict = strict;
            _end = bytes.Length;
        }

        /// <summary>What is left before the closing zero of the innermost document.</summary>
        private readonly int Left => _end - 1 - _next;

        internal void Run()
        {
            Open(_bytes.Length);
            while (_depth > 0)
            {
                var type = (BsonType)_bytes[_next];
                if (type == BsonType.EndOfDocument)
                {
                    Close();
                    continue;
                }

                if (Left == 0)
                {
                    throw Malformed("no closing zero");
                }

                _element = _next++;
                Name();
                Value(type);
            }
        }

        /// <summary>Enters the document of which the length prefix is next; its frame is inside the outer one's.</summary>
        private void Open(int length)
        {
            if (_depth == _ends.Length)
            {
                throw MongoWireErrors.OverLimit($"nested deeper than {_ends.Length} levels", _origin + _next);
            }

            _ends[_depth++] = _end = _next + length;
            _next += 4;
        }

        private void Close()
        {
            if (Left != 0)
            {
                throw Malformed("a zero where an element was expected");
            }

            _next++;
            _depth--;
            _end = _depth > 0 ? _ends[_depth - 1] : 0;
        }

        private void Value(BsonType type)
        {
            switch (type)
            {
                case BsonType.Double or BsonType.DateTime or BsonType.Timestamp or BsonType.Int64:
                    Skip(8);
                    break;
                case BsonType.Int32:
                    Skip(4);
                    break;
                case BsonType.String or BsonType.JavaScript or BsonType.Symbol:
                    Text();
                    break;
                case BsonType.Document or BsonType.Array:
                    Open(FrameLength(BsonView.MinimumLength));
                    break;
                case BsonType.ObjectId:
                    Skip(12);
                    break;
                case BsonType.Boolean:
                    Boolean();
                    break;
                case BsonType.Null or BsonType.Undefined or BsonType.MinKey or BsonType.MaxKey:
                    break;
                case BsonType.Binary:
                    Binary();
                    break;
                case BsonType.Decimal128:
                    Skip(16);
                    break;
                case BsonType.RegularExpression:
                    Name();
                    Name();
                    break;
                case BsonType.DbPointer:
                    Text();
                    Skip(12);
                    break;
                case BsonType.JavaScriptWithScope:
                    CodeWithScope();
                    break;
                default:
                    throw MongoWireErrors.Malformed($"unknown element type 0x{(byte)type:x2}", _origin + _element);
            }
        }

        private void Skip(int count)
        {
            if (count > Left)
            {
                throw Malformed($"a value of {count} bytes with {Left} left");
            }

            _next += count;
        }

        /// <summary>A field name or a part of a regular expression: bytes up to a zero.</summary>
        private void Name()
        {
            var start = _next;
            var last = _end - 1;
            var bits = 0;
            // Names are short: a plain loop beats a vectorised search that has to be set up.
            for (var at = start; at < last; at++)
            {
                int one = _bytes[at];
                if (one == 0)
                {
                    _next = at + 1;
                    if (bits >= 0x80)
                    {
                        Utf8Text(start, at);
                    }

                    return;
                }

                bits |= one;
            }

            throw Malformed("a name or regular expression has no end");
        }

        private void Text()
        {
            var length = Length(1, 4);
            var start = _next + 4;
            var zero = start + length - 1;
            if (_bytes[zero] != 0)
            {
                throw Malformed("a string without its closing zero");
            }

            Utf8Text(start, zero);
            _next = zero + 1;
        }

        private void Boolean()
        {
            Skip(1);
            if (_strict && _bytes[_next - 1] > 1)
            {
                throw Malformed($"a boolean of {_bytes[_next - 1]}");
            }
        }

        private void Binary()
        {
            var length = Length(0, 5);
            if (_strict && _bytes[_next + 4] == BsonElement.OldBinarySubtype)
            {
                if (length < 4 || BinaryPrimitives.ReadInt32LittleEndian(_bytes[(_next + 5)..]) != length - 4)
                {
                    throw Malformed("the inner length of binary subtype 2 is wrong");
                }
            }

            _next += 5 + length;
        }

        /// <summary>Total length, code as a string, scope as a document that ends exactly where the value does.</summary>
        private void CodeWithScope()
        {
            var end = _next + FrameLength(14);
            _next += 4;
            Text();
            if (_next > end - BsonView.MinimumLength || FrameLength(BsonView.MinimumLength) != end - _next)
            {
                throw Malformed("code and scope do not fill their length");
            }

            Open(end - _next);
        }

        /// <summary>A length prefix that counts itself.</summary>
        private readonly int FrameLength(int minimum) => Length(minimum, 0);

        /// <summary>Reads a length prefix and checks that it, with what stands in front of it, is inside.</summary>
        private readonly int Length(int minimum, int extra)
        {
            if (Left < 4)
            {
                throw Malformed("a length is cut off");
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(_bytes[_next..]);
            return length >= minimum && length <= Left - extra
                ? length
                : throw Malformed($"length {length} with {Left} bytes left");
        }

        private readonly void Utf8Text(int start, int end)
        {
            if (_strict && !Utf8.IsValid(_bytes[start..end]))
            {
                throw MongoWireErrors.NotUtf8(_origin + start);
            }
        }

        private readonly Foundation.Errors.BackupException Malformed(string what) =>
            MongoWireErrors.Malformed(what, _origin + _next);
    }
}
