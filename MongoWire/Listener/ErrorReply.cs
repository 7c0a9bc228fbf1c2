using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Listener;

/// <summary>A reply that says no.</summary>
public static class ErrorReply
{
    /// <summary><c>{ok: 0, errmsg, code, codeName, errorLabels}</c></summary>
    public static BsonDocument Build(int code, string codeName, string message, IReadOnlyList<string> labels) =>
        BsonDocument.Build(reply =>
        {
            reply.Double("ok"u8, 0).String("errmsg"u8, message).Int32("code"u8, code).String("codeName"u8, codeName);
            if (labels.Count == 0)
            {
                return;
            }

            reply.BeginArray("errorLabels"u8);
            Span<byte> scratch = stackalloc byte[11];
            foreach (var label in labels)
            {
                reply.String(reply.ArrayItemName(scratch), label);
            }

            reply.EndArray();
        });
}
