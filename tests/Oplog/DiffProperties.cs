using Backup.MongoWire.Bson;
using Backup.Oplog;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Oplog;

/// <summary>A diff made by an independent generator, applied to the first of two random documents, gives the second.</summary>
public sealed class DiffProperties
{
    private sealed record Node(string Json, List<(string Name, Node Value)>? Fields, List<Node>? Items);

    [Fact]
    public void A_diff_leads_from_one_document_to_the_other() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
                seed =>
                {
                    var random = new System.Random(seed);
                    var from = Document(random, 0);
                    var to = Changed(from, random, 0);
                    using var once = new BsonWriter();
                    var update = ExtendedJson.Parse("{\"$v\":2,\"diff\":" + Diff(from, to) + "}");
                    DocumentUpdate.Apply(ExtendedJson.Parse(from.Json).View, update.View, once);
                    once.ToDocument().ShouldBe(ExtendedJson.Parse(to.Json));
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static Node Document(System.Random random, int depth) =>
        OfFields([.. Enumerable.Range(0, random.Next(8)).Select(i => ($"{(char)('a' + i)}", Value(random, depth)))]);

    private static Node Value(System.Random random, int depth) =>
        (depth < 3 ? random.Next(4) : 0) switch
        {
            1 => Document(random, depth + 1),
            2 => OfItems([.. Enumerable.Range(0, random.Next(5)).Select(_ => Value(random, depth + 1))]),
            _ => new Node(random.Next(100).ToString(), null, null),
        };

    /// <summary>Some fields changed, some gone, some new at the end: what a diff can say without moving fields.</summary>
    private static Node Changed(Node from, System.Random random, int depth)
    {
        if (from.Fields is not null)
        {
            var kept = from.Fields.Where(_ => random.Next(4) != 0).Select(f => (f.Name, Any(f.Value))).ToList();
            kept.AddRange(Enumerable.Range(0, random.Next(3)).Select(i => ($"new{depth}{i}", Value(random, depth))));
            return OfFields(kept);
        }

        var items = from.Items!.Take(random.Next(from.Items!.Count + 1)).Select(Any).ToList();
        items.AddRange(Enumerable.Range(0, random.Next(3)).Select(_ => Value(random, depth)));
        return OfItems(items);

        Node Any(Node old) =>
            random.Next(3) == 0 ? Value(random, depth + 1)
            : old.Fields is null && old.Items is null ? old
            : Changed(old, random, depth + 1);
    }

    private static string Diff(Node from, Node to)
    {
        var old = from.Fields!.ToDictionary(f => f.Name, f => f.Value);
        var names = to.Fields!.Select(f => f.Name).ToHashSet();
        var sections = new List<string>
        {
            Section("d", old.Keys.Where(n => !names.Contains(n)).Select(n => $"\"{n}\":false")),
            Section(
                "u",
                to.Fields!.Where(f =>
                        old.TryGetValue(f.Name, out var o) && o.Json != f.Value.Json && !Nests(o, f.Value)
                    )
                    .Select(Text)
            ),
            Section("i", to.Fields!.Where(f => !old.ContainsKey(f.Name)).Select(Text)),
        };
        sections.AddRange(
            to.Fields!.Where(f => old.TryGetValue(f.Name, out var o) && o.Json != f.Value.Json && Nests(o, f.Value))
                .Select(f => $"\"s{f.Name}\":" + Nested(old[f.Name], f.Value))
        );
        return "{" + string.Join(',', sections.Where(s => s.Length > 0)) + "}";
    }

    private static string Nested(Node from, Node to)
    {
        if (from.Fields is not null)
        {
            return Diff(from, to);
        }

        var parts = new List<string> { "\"a\":true" };
        if (to.Items!.Count < from.Items!.Count)
        {
            parts.Add($"\"l\":{to.Items.Count}");
        }

        for (var i = 0; i < to.Items.Count; i++)
        {
            if (i >= from.Items.Count || (from.Items[i].Json != to.Items[i].Json && !Nests(from.Items[i], to.Items[i])))
            {
                parts.Add($"\"u{i}\":{to.Items[i].Json}");
            }
            else if (from.Items[i].Json != to.Items[i].Json)
            {
                parts.Add($"\"s{i}\":" + Nested(from.Items[i], to.Items[i]));
            }
        }

        return "{" + string.Join(',', parts) + "}";
    }

    private static bool Nests(Node from, Node to) =>
        (from.Fields is not null && to.Fields is not null) || (from.Items is not null && to.Items is not null);

    private static string Section(string name, IEnumerable<string> fields) =>
        fields.ToList() is { Count: > 0 } all ? $"\"{name}\":" + "{" + string.Join(',', all) + "}" : "";

    private static string Text((string Name, Node Value) field) => $"\"{field.Name}\":{field.Value.Json}";

    private static Node OfFields(List<(string Name, Node Value)> fields) =>
        new("{" + string.Join(',', fields.Select(Text)) + "}", fields, null);

    private static Node OfItems(List<Node> items) =>
        new("[" + string.Join(',', items.Select(i => i.Json)) + "]", null, items);
}
