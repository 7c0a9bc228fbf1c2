using System.Text.Json;
using System.Text.Json.Nodes;
using Backup.MongoWire.Bson;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// The plainest reading of an oplog, written for this judgement alone: documents as JSON trees, each entry done at once. It knows inserts, whole
/// replacements, <c>$set</c> and <c>$unset</c>, <c>$v: 2</c> diffs of fields, deletes, and create, drop and rename of collections; anything
/// else that changes data fails. Capped collections are left out: what those overwrite is in no entry.
/// </summary>
internal sealed class PlainReplay
{
    private readonly Dictionary<string, Collection> _byUuid = new(StringComparer.Ordinal);

    private sealed record Collection(string Namespace, bool IsCapped, SortedDictionary<string, string> Documents);

    /// <summary>A value in one way of writing.</summary>
    internal static string Text(JsonElement value) => JsonNode.Parse(value.GetRawText())!.ToJsonString();

    /// <summary>Lines of <c>{"ns":…,"doc":…}</c> by namespace and <c>_id</c>.</summary>
    internal static Dictionary<string, SortedDictionary<string, string>> ReadLines(string path)
    {
        var contents = new Dictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(path))
        {
            var json = JsonNode.Parse(line)!;
            var ns = json["ns"]!.GetValue<string>();
            contents.TryAdd(ns, new(StringComparer.Ordinal));
            contents[ns].Add(json["doc"]!["_id"]?.ToJsonString() ?? "null", json["doc"]!.ToJsonString());
        }

        return contents;
    }

    /// <summary>The first copy.</summary>
    internal void Load(
        IReadOnlyDictionary<string, string> collections,
        IReadOnlyDictionary<string, SortedDictionary<string, string>> contents,
        Predicate<string> isCapped
    )
    {
        foreach (var (uuid, ns) in collections)
        {
            var documents = contents.GetValueOrDefault(ns) ?? [];
            _byUuid[uuid] = new Collection(ns, isCapped(ns), new(documents, StringComparer.Ordinal));
        }
    }

    /// <summary>Every collection that is not capped and not empty.</summary>
    internal Dictionary<string, SortedDictionary<string, string>> Contents() =>
        _byUuid
            .Values.Where(one => !one.IsCapped && one.Documents.Count > 0)
            .ToDictionary(one => one.Namespace, one => one.Documents);

    /// <summary>Leaves out of what was restored what is not compared.</summary>
    internal void LeaveOutCapped(Dictionary<string, SortedDictionary<string, string>> restored)
    {
        foreach (var capped in _byUuid.Values.Where(one => one.IsCapped))
        {
            restored.Remove(capped.Namespace);
        }
    }

    internal void Apply(BsonDocument entry) =>
        Apply(JsonNode.Parse(ExtendedJson.ToText(entry.View, ExtendedJsonMode.Canonical))!);

    private void Apply(JsonNode entry)
    {
        var (ns, o) = (entry["ns"]!.GetValue<string>(), entry["o"]!.AsObject());
        var operation = entry["op"]!.GetValue<string>();
        if (
            operation == "n"
            || ns.Split('.')[0] is "config" or "local"
            || (ns.StartsWith("admin.") && operation != "c")
        )
        {
            return;
        }

        if (operation == "c")
        {
            Command(entry, ns.Split('.')[0], o);
            return;
        }

        var documents = _byUuid[entry["ui"]!.ToJsonString()].Documents;
        var id = (operation == "u" ? entry["o2"]! : o)["_id"]?.ToJsonString() ?? "null";
        switch (operation)
        {
            case "i":
                documents[id] = o.ToJsonString();
                break;
            case "d":
                documents.Remove(id);
                break;
            case "u":
                documents[id] = Updated(documents[id], o);
                break;
            default:
                throw new NotSupportedException(entry.ToJsonString());
        }
    }

    private void Command(JsonNode entry, string database, JsonObject o)
    {
        var (name, value) = o.First();
        var uuid = entry["ui"]?.ToJsonString();
        switch (name)
        {
            case "create":
                _byUuid[uuid!] = new Collection(
                    $"{database}.{value}",
                    o["capped"]?.GetValue<bool>() ?? false,
                    new(StringComparer.Ordinal)
                );
                break;
            case "drop":
                _byUuid.Remove(uuid!);
                break;
            case "renameCollection":
                _byUuid[uuid!] = _byUuid[uuid!] with { Namespace = o["to"]!.GetValue<string>() };
                if (o["dropTarget"] is JsonObject target)
                {
                    _byUuid.Remove(target.ToJsonString());
                }

                break;
            case "applyOps" when entry["lsid"] is null:
                foreach (var inner in value!.AsArray())
                {
                    Apply(inner!);
                }

                break;
            case "createIndexes" or "startIndexBuild" or "commitIndexBuild":
                break;
            default:
                throw new NotSupportedException(entry.ToJsonString());
        }
    }

    private static string Updated(string document, JsonObject change)
    {
        if (change["diff"] is JsonObject diff)
        {
            return Patched(JsonNode.Parse(document)!.AsObject(), diff).ToJsonString();
        }

        if (!change.Any(field => field.Key.StartsWith('$')))
        {
            return change.ToJsonString();
        }

        var root = JsonNode.Parse(document)!;
        foreach (var (path, value) in change["$set"]?.AsObject() ?? [])
        {
            Put(Parent(root, path), path.Split('.')[^1], value?.DeepClone());
        }

        foreach (var (path, _) in change["$unset"]?.AsObject() ?? [])
        {
            Parent(root, path).AsObject().Remove(path.Split('.')[^1]);
        }

        return root.ToJsonString();
    }

    private static JsonNode Parent(JsonNode root, string path)
    {
        var at = root;
        foreach (var part in path.Split('.')[..^1])
        {
            var next = at is JsonArray array ? array[int.Parse(part)] : at[part];
            if (next is null)
            {
                next = new JsonObject();
                Put(at, part, next);
            }

            at = next;
        }

        return at;
    }

    private static void Put(JsonNode at, string name, JsonNode? value)
    {
        if (at is not JsonArray array)
        {
            at[name] = value;
            return;
        }

        while (array.Count <= int.Parse(name))
        {
            array.Add(null);
        }

        array[int.Parse(name)] = value;
    }

    private static JsonObject Patched(JsonObject document, JsonObject diff)
    {
        foreach (var (section, content) in diff)
        {
            switch (section)
            {
                case "d":
                    content!.AsObject().ToList().ForEach(field => document.Remove(field.Key));
                    break;
                case "u":
                    content!.AsObject().ToList().ForEach(field => document[field.Key] = field.Value?.DeepClone());
                    break;
                case "i":
                    content!.AsObject().ToList().ForEach(field => document.Remove(field.Key));
                    content!.AsObject().ToList().ForEach(field => document.Add(field.Key, field.Value?.DeepClone()));
                    break;
                case ['s', .. var name]:
                    if (content!["a"] is not null)
                    {
                        PatchArray(document[name]!.AsArray(), content.AsObject());
                    }
                    else
                    {
                        Patched(document[name]!.AsObject(), content.AsObject());
                    }

                    break;
                default:
                    throw new NotSupportedException(diff.ToJsonString());
            }
        }

        return document;
    }

    private static void PatchArray(JsonArray array, JsonObject diff)
    {
        foreach (var (part, content) in diff)
        {
            switch (part)
            {
                case "a":
                    break;
                case "l":
                    var length = int.Parse(content!["$numberInt"]!.GetValue<string>());
                    while (array.Count > length)
                    {
                        array.RemoveAt(array.Count - 1);
                    }

                    break;
                case ['u', .. var index]:
                    Put(array, index, content?.DeepClone());
                    break;
                case ['s', .. var index]:
                    Patched(array[int.Parse(index)]!.AsObject(), content!.AsObject());
                    break;
                default:
                    throw new NotSupportedException(diff.ToJsonString());
            }
        }
    }
}
