using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Protocol;

/// <summary>
/// A kind-1 section of OP_MSG: an argument of the command (for example <c>documents</c>) as documents one after
/// another. Received, its memory belongs to the message, and the frame of every document has been checked.
/// </summary>
public readonly struct DocumentSequence
{
    /// <param name="name">For example <c>documents</c>.</param>
    /// <param name="bytes">Whole documents one after another; neither changed nor given back while it is sent.</param>
    public DocumentSequence(string name, ReadOnlyMemory<byte> bytes)
    {
        Name = name;
        Bytes = bytes;
    }

    /// <summary>The field of the command that the documents stand for.</summary>
    public string Name { get; }

    /// <summary>The documents one after another, nothing between them.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    public IEnumerable<BsonDocument> Documents
    {
        get
        {
            var rest = Bytes;
            while (!rest.IsEmpty)
            {
                var document = new BsonDocument(rest);
                yield return document;
                rest = rest[document.Length..];
            }
        }
    }
}
