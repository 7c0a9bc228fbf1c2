using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Backup.MongoWire.Bson;

/// <summary>
/// Builds raw BSON in a pooled buffer. Names are UTF-8 without zero bytes; inside an array use
/// <see cref="ArrayItemName"/> or the overloads without a name. Not thread-safe; dispose it to give the buffer back.
/// </summary>
public sealed class BsonWriter : IDisposable
{
    private readonly Stack<(int Start, int Items)> _open = new();
    private byte[] _buffer;
    private int _length;
    private int _items;

    public BsonWriter(int capacity = 256)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(capacity);
    }

    /// <summary>All bytes written so far; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    public int Length => _length;

    /// <summary>Starts over with the same buffer.</summary>
    public void Clear()
    {
        _length = 0;
        _items = 0;
        _open.Clear();
    }

    /// <summary>A copy of the first document written.</summary>
    public BsonDocument ToDocument() => new(Written.ToArray());

    /// <summary>A document at the top.</summary>
    public BsonWriter BeginDocument()
    {
        _open.Push((_length, _items));
        _items = 0;
        Reserve(4);
        _length += 4;
        return this;
    }

    public BsonWriter BeginDocument(ReadOnlySpan<byte> name) => Name(BsonType.Document, name).BeginDocument();

    public BsonWriter BeginArray(ReadOnlySpan<byte> name) => Name(BsonType.Array, name).BeginDocument();

    public BsonWriter EndDocument()
    {
        Reserve(1)[0] = 0;
        _length++;
        var (start, items) = _open.Pop();
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(start), _length - start);
        _items = items;
        return this;
    }

    public BsonWriter EndArray() => EndDocument();

    public BsonWriter Double(ReadOnlySpan<byte> name, double value)
    {
        Name(BsonType.Double, name);
        BinaryPrimitives.WriteDoubleLittleEndian(Advance(8), value);
        return this;
    }

    public BsonWriter String(ReadOnlySpan<byte> name, string value)
    {
        Name(BsonType.String, name);
        return Text(value);
    }

    public BsonWriter String(ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8) =>
        Name(BsonType.String, name).Text(utf8);

    public BsonWriter Document(ReadOnlySpan<byte> name, ReadOnlySpan<byte> document)
    {
        Name(BsonType.Document, name);
        document.CopyTo(Advance(document.Length));
        return this;
    }

    public BsonWriter Document(ReadOnlySpan<byte> name, BsonDocument document) => Document(name, document.Span);

    public BsonWriter Array(ReadOnlySpan<byte> name, ReadOnlySpan<byte> array)
    {
        Name(BsonType.Array, name);
        array.CopyTo(Advance(array.Length));
        return this;
    }

    /// <param name="payload">For subtype 2 without the inner length: it is added.</param>
    public BsonWriter Binary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> payload, byte subtype = 0)
    {
        Name(BsonType.Binary, name);
        var inner = subtype == BsonElement.OldBinarySubtype ? 4 : 0;
        BinaryPrimitives.WriteInt32LittleEndian(Advance(4), payload.Length + inner);
        Advance(1)[0] = subtype;
        if (inner > 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(Advance(inner), payload.Length);
        }

        payload.CopyTo(Advance(payload.Length));
        return this;
    }

    public BsonWriter Uuid(ReadOnlySpan<byte> name, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return Binary(name, bytes, subtype: 4);
    }

    public BsonWriter ObjectId(ReadOnlySpan<byte> name, ReadOnlySpan<byte> twelveBytes)
    {
        Name(BsonType.ObjectId, name);
        twelveBytes[..12].CopyTo(Advance(12));
        return this;
    }

    public BsonWriter Boolean(ReadOnlySpan<byte> name, bool value)
    {
        Name(BsonType.Boolean, name);
        Advance(1)[0] = value ? (byte)1 : (byte)0;
        return this;
    }

    /// <param name="milliseconds">Since 1970-01-01 UTC.</param>
    public BsonWriter DateTime(ReadOnlySpan<byte> name, long milliseconds)
    {
        Name(BsonType.DateTime, name);
        BinaryPrimitives.WriteInt64LittleEndian(Advance(8), milliseconds);
        return this;
    }

    public BsonWriter Null(ReadOnlySpan<byte> name) => Name(BsonType.Null, name);

    public BsonWriter Int32(ReadOnlySpan<byte> name, int value)
    {
        Name(BsonType.Int32, name);
        BinaryPrimitives.WriteInt32LittleEndian(Advance(4), value);
        return this;
    }

    public BsonWriter Int64(ReadOnlySpan<byte> name, long value)
    {
        Name(BsonType.Int64, name);
        BinaryPrimitives.WriteInt64LittleEndian(Advance(8), value);
        return this;
    }

    /// <param name="value">Seconds in the high 32 bits, increment in the low.</param>
    public BsonWriter Timestamp(ReadOnlySpan<byte> name, ulong value)
    {
        Name(BsonType.Timestamp, name);
        BinaryPrimitives.WriteUInt64LittleEndian(Advance(8), value);
        return this;
    }

    public BsonWriter Decimal(ReadOnlySpan<byte> name, Decimal128 value)
    {
        Name(BsonType.Decimal128, name);
        value.Write(Advance(16));
        return this;
    }

    /// <param name="pattern">UTF-8 without zero bytes, as are the options.</param>
    /// <param name="options">Letters in the order of the alphabet.</param>
    public BsonWriter RegularExpression(
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> pattern,
        ReadOnlySpan<byte> options
    ) => Name(BsonType.RegularExpression, name).Terminated(pattern).Terminated(options);

    public BsonWriter JavaScript(ReadOnlySpan<byte> name, ReadOnlySpan<byte> code) =>
        Name(BsonType.JavaScript, name).Text(code);

    public BsonWriter JavaScriptWithScope(
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> code,
        ReadOnlySpan<byte> scopeDocument
    )
    {
        Name(BsonType.JavaScriptWithScope, name);
        BinaryPrimitives.WriteInt32LittleEndian(Advance(4), 4 + 4 + code.Length + 1 + scopeDocument.Length);
        Text(code);
        scopeDocument.CopyTo(Advance(scopeDocument.Length));
        return this;
    }

    public BsonWriter Symbol(ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8) =>
        Name(BsonType.Symbol, name).Text(utf8);

    public BsonWriter DbPointer(ReadOnlySpan<byte> name, ReadOnlySpan<byte> collection, ReadOnlySpan<byte> twelveBytes)
    {
        Name(BsonType.DbPointer, name).Text(collection);
        twelveBytes[..12].CopyTo(Advance(12));
        return this;
    }

    public BsonWriter Undefined(ReadOnlySpan<byte> name) => Name(BsonType.Undefined, name);

    public BsonWriter MinKey(ReadOnlySpan<byte> name) => Name(BsonType.MinKey, name);

    public BsonWriter MaxKey(ReadOnlySpan<byte> name) => Name(BsonType.MaxKey, name);

    /// <summary>Copies an element under its own name.</summary>
    public BsonWriter Element(BsonElement element)
    {
        _items++;
        element.Whole.CopyTo(Advance(element.Whole.Length));
        return this;
    }

    /// <summary>Copies an element's value under another name.</summary>
    public BsonWriter Element(ReadOnlySpan<byte> name, BsonElement element) => Raw(name, element.Type, element.Value);

    /// <summary>A value of any type from its raw bytes.</summary>
    public BsonWriter Raw(ReadOnlySpan<byte> name, BsonType type, ReadOnlySpan<byte> value)
    {
        Name(type, name);
        value.CopyTo(Advance(value.Length));
        return this;
    }

    /// <summary>Bytes as they are, not counted as an item: for whole elements copied in bulk.</summary>
    public BsonWriter RawElements(ReadOnlySpan<byte> elements)
    {
        elements.CopyTo(Advance(elements.Length));
        return this;
    }

    /// <summary>The name of the next item of the open array: "0", "1", … ; use it at once.</summary>
    /// <param name="scratch">At least 11 bytes.</param>
    public ReadOnlySpan<byte> ArrayItemName(Span<byte> scratch)
    {
        _items.TryFormat(scratch, out var length, default, CultureInfo.InvariantCulture);
        return scratch[..length];
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private BsonWriter Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        BinaryPrimitives.WriteInt32LittleEndian(Advance(4), length + 1);
        Encoding.UTF8.GetBytes(value, Advance(length));
        Advance(1)[0] = 0;
        return this;
    }

    private BsonWriter Text(ReadOnlySpan<byte> utf8)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Advance(4), utf8.Length + 1);
        utf8.CopyTo(Advance(utf8.Length));
        Advance(1)[0] = 0;
        return this;
    }

    private BsonWriter Name(BsonType type, ReadOnlySpan<byte> name)
    {
        _items++;
        Advance(1)[0] = (byte)type;
        return Terminated(name);
    }

    /// <summary>A zero inside would end the text early and let what follows pass for other elements.</summary>
    private BsonWriter Terminated(ReadOnlySpan<byte> text)
    {
        if (text.Contains((byte)0))
        {
            throw MongoWireErrors.Malformed("a name or regular expression with a zero byte inside", _length);
        }

        var target = Advance(text.Length + 1);
        text.CopyTo(target);
        target[^1] = 0;
        return this;
    }

    private Span<byte> Advance(int count)
    {
        var target = Reserve(count)[..count];
        _length += count;
        return target;
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_length + count), _buffer.Length * 2));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(_length);
    }
}
