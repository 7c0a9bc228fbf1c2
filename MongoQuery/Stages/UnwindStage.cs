using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Stages;

/// <summary><c>$unwind</c>: a document for each item of an array.</summary>
internal sealed class UnwindStage(FieldPath path, byte[]? indexName, bool keepsEmpty) : Stage
{
    internal string? IndexName => indexName is null ? null : System.Text.Encoding.Latin1.GetString(indexName);

    public override IEnumerable<BsonDocument> Take(BsonDocument document)
    {
        var value = Find(document);
        if (value.IsNullish || (value.Type == BsonType.Array && value.View.IsEmpty))
        {
            if (!keepsEmpty)
            {
                return [];
            }

            var shown = value.Type == BsonType.Array ? Put(document.View, 0, Value.Missing) : document;
            return [WithIndex(shown, Value.Null)];
        }

        return value.Type == BsonType.Array ? Items(document, value) : [WithIndex(document, Value.Null)];
    }

    private IEnumerable<BsonDocument> Items(BsonDocument document, Value array)
    {
        var items = new List<Value>();
        foreach (var item in array.View)
        {
            items.Add(Value.Of(item));
        }

        // One at a time: together they may be as large as the array times the document.
        for (var i = 0; i < items.Count; i++)
        {
            yield return WithIndex(Put(document.View, 0, items[i]), Value.Of((long)i));
        }
    }

    /// <summary>Through documents only, never through arrays.</summary>
    private Value Find(BsonDocument document)
    {
        var view = document.View;
        for (var i = 0; view.TryGet(path[i], out var field); i++)
        {
            if (i == path.Length - 1)
            {
                return Value.Of(field);
            }

            if (field.Type != BsonType.Document)
            {
                break;
            }

            view = field.AsDocument;
        }

        return Value.Missing;
    }

    private BsonDocument Put(BsonView document, int depth, Value value)
    {
        using var writer = new BsonWriter(document.Length);
        writer.BeginDocument();
        Put(writer, document, depth, value);
        writer.EndDocument();
        return writer.ToDocument();
    }

    private void Put(BsonWriter writer, BsonView document, int depth, Value value)
    {
        foreach (var field in document)
        {
            if (!field.NameIs(path[depth]))
            {
                writer.Element(field);
            }
            else if (depth < path.Length - 1)
            {
                writer.BeginDocument(field.Name);
                Put(writer, field.AsDocument, depth + 1, value);
                writer.EndDocument();
            }
            else if (!value.IsMissing)
            {
                value.Write(writer, field.Name);
            }
        }
    }

    private BsonDocument WithIndex(BsonDocument document, Value index)
    {
        if (indexName is null)
        {
            return document;
        }

        using var writer = new BsonWriter(document.Length + 32);
        writer.BeginDocument();
        var isWritten = false;
        foreach (var field in document.View)
        {
            if (field.NameIs(indexName))
            {
                index.Write(writer, indexName);
                isWritten = true;
            }
            else
            {
                writer.Element(field);
            }
        }

        if (!isWritten)
        {
            index.Write(writer, indexName);
        }

        writer.EndDocument();
        return writer.ToDocument();
    }
}
