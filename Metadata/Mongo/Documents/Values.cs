using System.Collections;
using Backup.Foundation;
using Backup.Metadata.Secrets;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Documents;

/// <summary>A BSON timestamp of its own, where an optime's order is asked for.</summary>
/// <param name="Value">Seconds in the high 32 bits, ordinal in the low.</param>
internal readonly record struct Stamp(ulong Value);

/// <summary>The <c>_id</c> of a document, whatever it is.</summary>
/// <param name="Document">Whose.</param>
internal readonly record struct RawId(BsonDocument Document);

/// <summary>
/// How values of records stand in documents: times as dates (to the millisecond), durations and times of day as milliseconds, enumerations as
/// their persisted numbers, UUIDs as binary of subtype 4, hashes and keys as binary of subtype 0, optimes as <c>{ts, t}</c> like MongoDB's own,
/// lists as arrays, other records as documents. Both directions stand here, and nowhere else.
/// </summary>
internal static class Values
{
    internal static void Write(BsonWriter writer, ReadOnlySpan<byte> name, object? value)
    {
        switch (value)
        {
            case null:
                writer.Null(name);
                break;
            case string text:
                writer.String(name, text);
                break;
            case DeploymentUri uri:
                writer.String(name, uri.Stored);
                break;
            case bool flag:
                writer.Boolean(name, flag);
                break;
            case int number:
                writer.Int32(name, number);
                break;
            case long number:
                writer.Int64(name, number);
                break;
            case double number:
                writer.Double(name, number);
                break;
            case Enum number:
                writer.Int32(name, Convert.ToInt32(number));
                break;
            case DateTimeOffset at:
                writer.DateTime(name, at.ToUnixTimeMilliseconds());
                break;
            case TimeSpan length:
                writer.Int64(name, (long)length.TotalMilliseconds);
                break;
            case TimeOnly at:
                writer.Int64(name, (long)at.ToTimeSpan().TotalMilliseconds);
                break;
            case Guid uuid:
                writer.Uuid(name, uuid);
                break;
            case byte[] bytes:
                writer.Binary(name, bytes);
                break;
            case ReadOnlyMemory<byte> bytes:
                writer.Binary(name, bytes.Span);
                break;
            case Optime optime:
                writer.BeginDocument(name).Timestamp("ts"u8, optime.Timestamp);
                writer.Int64("t"u8, optime.Term).EndDocument();
                break;
            case Stamp stamp:
                writer.Timestamp(name, stamp.Value);
                break;
            case RawId id:
                writer.Element(name, id.Document.View["_id"u8]);
                break;
            case BsonDocument document:
                writer.Document(name, document);
                break;
            case IEnumerable items:
                WriteItems(writer, name, items);
                break;
            default:
                writer.BeginDocument(name);
                RecordMap.Of(value.GetType()).WriteFields(writer, value);
                writer.EndDocument();
                break;
        }
    }

    /// <param name="type">Nullable or not; a null is given where the document holds one.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001 where the document holds something else.</exception>
    internal static object? Read(BsonElement element, Type type)
    {
        if (element.Type == BsonType.Null)
        {
            return null;
        }

        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        return wanted switch
        {
            _ when wanted == typeof(string) => element.AsString,
            _ when wanted == typeof(DeploymentUri) => new DeploymentUri(element.AsString),
            _ when wanted == typeof(bool) => element.AsBoolean,
            _ when wanted == typeof(int) => checked((int)element.ToInt64()),
            _ when wanted == typeof(long) => element.ToInt64(),
            _ when wanted == typeof(double) => element.ToDouble(),
            { IsEnum: true } => Enum.ToObject(wanted, element.ToInt64()),
            _ when wanted == typeof(DateTimeOffset) => DateTimeOffset.FromUnixTimeMilliseconds(element.AsDateTime),
            _ when wanted == typeof(TimeSpan) => TimeSpan.FromMilliseconds(element.ToInt64()),
            _ when wanted == typeof(TimeOnly) => TimeOnly.FromTimeSpan(TimeSpan.FromMilliseconds(element.ToInt64())),
            _ when wanted == typeof(Guid) => element.AsUuid,
            _ when wanted == typeof(byte[]) => element.AsBinary.ToArray(),
            _ when wanted == typeof(Optime) => OptimeOf(element.AsDocument),
            { IsGenericType: true } when wanted.IsAssignableTo(typeof(IEnumerable)) => ReadItems(element, wanted),
            _ => RecordMap.Of(wanted).Read(element.AsDocument),
        };
    }

    private static Optime OptimeOf(BsonView view) =>
        Optime.FromTimestamp(view["ts"u8].AsTimestamp, view["t"u8].ToInt64());

    private static void WriteItems(BsonWriter writer, ReadOnlySpan<byte> name, IEnumerable items)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (var item in items)
        {
            Write(writer, writer.ArrayItemName(scratch), item);
        }

        writer.EndArray();
    }

    private static IList ReadItems(BsonElement element, Type list)
    {
        var type = list.GetGenericArguments()[0];
        var items = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(type))!;
        foreach (var item in element.AsDocument)
        {
            items.Add(Read(item, type));
        }

        return items;
    }
}
