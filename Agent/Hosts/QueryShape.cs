using System.Text;
using System.Text.Json;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Hosts;

/// <summary>A command without the values that a client put into it: names of fields and operators stay, with the collection and the database.</summary>
internal static class QueryShape
{
    private const int Depth = 20;

    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal)
    {
        "lsid",
        "$clusterTime",
        "$configServerState",
        "$audit",
        "$client",
    };

    /// <param name="command">As the server tells it; its first field names the command and the collection.</param>
    public static string Of(BsonView command)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            var isFirst = true;
            foreach (var field in command)
            {
                var name = field.NameText;
                if (!LeftOut.Contains(name))
                {
                    writer.WritePropertyName(name);
                    if ((isFirst || name == "$db") && field.Type == BsonType.String)
                    {
                        writer.WriteStringValue(field.AsString);
                    }
                    else
                    {
                        Write(writer, field, 0);
                    }
                }

                isFirst = false;
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, BsonElement field, int depth)
    {
        if (field.Type == BsonType.Document && depth < Depth)
        {
            writer.WriteStartObject();
            foreach (var inner in field.AsDocument)
            {
                writer.WritePropertyName(inner.NameText);
                Write(writer, inner, depth + 1);
            }

            writer.WriteEndObject();
        }
        else if (field.Type == BsonType.Array && depth < Depth)
        {
            // One stands for all of them.
            writer.WriteStartArray();
            foreach (var inner in field.AsDocument)
            {
                Write(writer, inner, depth + 1);
                break;
            }

            writer.WriteEndArray();
        }
        else
        {
            writer.WriteStringValue("?");
        }
    }
}
