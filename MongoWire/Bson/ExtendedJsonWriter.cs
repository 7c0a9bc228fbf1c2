using System.Buffers;
using System.Buffers.Binary;

namespace Backup.MongoWire.Bson;

/// <summary>Walks raw BSON and writes each value's extended JSON as it is met; no tree, no strings in between.</summary>
internal ref struct ExtendedJsonWriter(IBufferWriter<byte> output, ExtendedJsonMode mode)
{
    /// <summary>Deeper than any document a server stores.</summary>
    private const int MaximumDepth = 512;

    /// <summary>The first millisecond of the year 10000: from here on dates are written as numbers.</summary>
    private const long Year10000 = 253402300800000;

    private readonly bool _relaxed = mode == ExtendedJsonMode.Relaxed;
    private JsonSink _json = new(output);
    private int _depth;

    internal void Flush() => _json.Flush();

    internal void Document(BsonView document)
    {
        Enter();
        _json.Byte((byte)'{');
        var first = true;
        foreach (var element in document)
        {
            Separate(ref first);
            _json.Text(element.Name);
            _json.Byte((byte)':');
            Value(element);
        }

        _json.Byte((byte)'}');
        _depth--;
    }

    internal void Value(BsonElement element)
    {
        switch (element.Type)
        {
            case BsonType.Double:
                Double(element.AsDouble);
                break;
            case BsonType.String:
                _json.Text(element.AsUtf8);
                break;
            case BsonType.Document:
                Document(element.AsDocument);
                break;
            case BsonType.Array:
                Array(element.AsDocument);
                break;
            case BsonType.Binary:
                Binary(element);
                break;
            case BsonType.Undefined:
                _json.Ascii("{\"$undefined\":true}"u8);
                break;
            case BsonType.ObjectId:
                ObjectId(element.AsObjectId);
                break;
            case BsonType.Boolean:
                _json.Ascii(element.AsBoolean ? "true"u8 : "false"u8);
                break;
            case BsonType.DateTime:
                Date(element.AsDateTime);
                break;
            case BsonType.Null:
                _json.Ascii("null"u8);
                break;
            case BsonType.RegularExpression:
                RegularExpression(element.Value);
                break;
            case BsonType.DbPointer:
                DbPointer(element.Value);
                break;
            case BsonType.JavaScript:
                _json.Ascii("{\"$code\":"u8);
                _json.Text(element.AsUtf8);
                _json.Byte((byte)'}');
                break;
            case BsonType.Symbol:
                _json.Ascii("{\"$symbol\":"u8);
                _json.Text(element.AsUtf8);
                _json.Byte((byte)'}');
                break;
            case BsonType.JavaScriptWithScope:
                CodeWithScope(element.Value);
                break;
            case BsonType.Int32:
                Whole(element.AsInt32, "{\"$numberInt\":\""u8);
                break;
            case BsonType.Timestamp:
                Timestamp(element.AsTimestamp);
                break;
            case BsonType.Int64:
                Whole(element.AsInt64, "{\"$numberLong\":\""u8);
                break;
            case BsonType.Decimal128:
                Decimal(Decimal128.Read(element.Value));
                break;
            case BsonType.MinKey:
                _json.Ascii("{\"$minKey\":1}"u8);
                break;
            case BsonType.MaxKey:
                _json.Ascii("{\"$maxKey\":1}"u8);
                break;
            default:
                throw MongoWireErrors.Malformed($"unknown element type 0x{(byte)element.Type:x2}", 0);
        }
    }

    private void Array(BsonView array)
    {
        Enter();
        _json.Byte((byte)'[');
        var first = true;
        foreach (var element in array)
        {
            Separate(ref first);
            Value(element);
        }

        _json.Byte((byte)']');
        _depth--;
    }

    private void Enter()
    {
        if (++_depth > MaximumDepth)
        {
            throw MongoWireErrors.OverLimit($"nested deeper than {MaximumDepth} levels", 0);
        }
    }

    private void Separate(ref bool first)
    {
        if (!first)
        {
            _json.Byte((byte)',');
        }

        first = false;
    }

    private void Double(double value)
    {
        if (_relaxed && double.IsFinite(value))
        {
            _json.Double(value);
            return;
        }

        _json.Ascii("{\"$numberDouble\":\""u8);
        _json.Double(value);
        _json.Ascii("\"}"u8);
    }

    private void Whole(long value, ReadOnlySpan<byte> wrapper)
    {
        if (_relaxed)
        {
            _json.Number(value);
            return;
        }

        _json.Ascii(wrapper);
        _json.Number(value);
        _json.Ascii("\"}"u8);
    }

    private void Decimal(Decimal128 value)
    {
        Span<byte> text = stackalloc byte[Decimal128.MaximumTextLength];
        _json.Ascii("{\"$numberDecimal\":\""u8);
        _json.Ascii(text[..value.Format(text)]);
        _json.Ascii("\"}"u8);
    }

    private void Binary(BsonElement element)
    {
        _json.Ascii("{\"$binary\":{\"base64\":\""u8);
        _json.Base64(element.AsBinary);
        _json.Ascii("\",\"subType\":\""u8);
        _json.Hex([element.BinarySubtype]);
        _json.Ascii("\"}}"u8);
    }

    private void ObjectId(ReadOnlySpan<byte> bytes)
    {
        _json.Ascii("{\"$oid\":\""u8);
        _json.Hex(bytes);
        _json.Ascii("\"}"u8);
    }

    private void Date(long milliseconds)
    {
        _json.Ascii("{\"$date\":"u8);
        if (_relaxed && milliseconds is >= 0 and < Year10000)
        {
            var format = milliseconds % 1000 == 0 ? "yyyy-MM-ddTHH:mm:ssZ" : "yyyy-MM-ddTHH:mm:ss.fffZ";
            _json.Byte((byte)'"');
            _json.Number(System.DateTime.UnixEpoch.AddMilliseconds(milliseconds), format);
            _json.Byte((byte)'"');
        }
        else
        {
            _json.Ascii("{\"$numberLong\":\""u8);
            _json.Number(milliseconds);
            _json.Ascii("\"}"u8);
        }

        _json.Byte((byte)'}');
    }

    private void Timestamp(ulong value)
    {
        _json.Ascii("{\"$timestamp\":{\"t\":"u8);
        _json.Number(value >> 32);
        _json.Ascii(",\"i\":"u8);
        _json.Number((uint)value);
        _json.Ascii("}}"u8);
    }

    private void RegularExpression(ReadOnlySpan<byte> value)
    {
        var pattern = value[..value.IndexOf((byte)0)];
        var stored = value[(pattern.Length + 1)..^1];
        _json.Ascii("{\"$regularExpression\":{\"pattern\":"u8);
        _json.Text(pattern);
        _json.Ascii(",\"options\":"u8);
        Span<byte> options = stored.Length <= 64 ? stackalloc byte[stored.Length] : new byte[stored.Length];
        stored.CopyTo(options);
        ExtendedJson.SortOptions(options);
        _json.Text(options);
        _json.Ascii("}}"u8);
    }

    private void DbPointer(ReadOnlySpan<byte> value)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(value);
        _json.Ascii("{\"$dbPointer\":{\"$ref\":"u8);
        _json.Text(value.Slice(4, length - 1));
        _json.Ascii(",\"$id\":"u8);
        ObjectId(value[(4 + length)..]);
        _json.Ascii("}}"u8);
    }

    private void CodeWithScope(ReadOnlySpan<byte> value)
    {
        var parts = BsonCodeWithScope.Read(value);
        _json.Ascii("{\"$code\":"u8);
        _json.Text(parts.Code);
        _json.Ascii(",\"$scope\":"u8);
        Document(parts.Scope);
        _json.Byte((byte)'}');
    }
}
