using System.Buffers;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Clusters;

/// <summary>One set of a restored cluster, as <c>cluster.json</c> names it.</summary>
/// <param name="Name">As a shard, or <c>config</c>.</param>
/// <param name="ReplicaSet">The name of its replica set.</param>
/// <param name="SetId">24 hex digits.</param>
/// <param name="MongoVersion">For example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">For example <c>4.2</c>.</param>
/// <param name="Optime">The last entry that is in it, as <c>T,I</c>.</param>
/// <param name="Archive">The file.</param>
/// <param name="Sha256">Of the file.</param>
/// <param name="Bytes">Of the file.</param>
/// <param name="Documents">In the file.</param>
public sealed record DescribedSet(
    string Name,
    string ReplicaSet,
    string SetId,
    string MongoVersion,
    string FeatureCompatibilityVersion,
    string Optime,
    string Archive,
    string Sha256,
    long Bytes,
    long Documents
)
{
    /// <summary>Where transactions were prepared of which it is not known whether they belong to it, as <c>T,I</c>.</summary>
    public IReadOnlyList<string> Undecided { get; init; } = [];
}

/// <summary>Something that stands on a set and is no part of the cluster, or could not be backed up.</summary>
public sealed record LeftOut(string Set, string Namespace, string Reason);

/// <summary>
/// What <c>cluster.json</c> says of a restored cluster: all that is needed to make an empty one like it. Values of BSON are canonical extended JSON. Fields
/// are only ever added; docs/formats/cluster-json.md has them all.
/// </summary>
/// <param name="Cluster">Its name here.</param>
/// <param name="Time">The moment, as <c>T,I</c>.</param>
/// <param name="Snapshot">The snapshot's id; null of a moment between snapshots.</param>
/// <param name="IsFiltered">Whether the archives lack what migrations had left behind.</param>
/// <param name="Layout">What the config servers know.</param>
/// <param name="Sets">Config servers first.</param>
/// <param name="Items">Collections and views, each once; their documents cannot be opened.</param>
/// <param name="Counts">By namespace, the documents of all archives.</param>
/// <param name="LeftOut">What is not in it.</param>
public sealed record ClusterDescription(
    string Cluster,
    string Time,
    string? Snapshot,
    bool IsFiltered,
    ClusterLayout Layout,
    IReadOnlyList<DescribedSet> Sets,
    IReadOnlyList<ExportItem> Items,
    IReadOnlyDictionary<string, long> Counts,
    IReadOnlyList<LeftOut> LeftOut
)
{
    public const string FileName = "cluster.json";
    private const string Format = "backup-cluster";
    private const int Version = 1;

    private static readonly JsonSerializerOptions Plain = new(JsonSerializerDefaults.Web);

    /// <summary>As UTF-8 JSON.</summary>
    public void Write(Stream output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", Version);
        json.WriteString("cluster", Cluster);
        json.WriteString("clusterId", Layout.ClusterId);
        json.WriteString("time", Time);
        json.WriteString("snapshot", Snapshot);
        json.WriteBoolean("filtered", IsFiltered);
        json.WriteBoolean("balancerOn", Layout.IsBalancerOn);
        json.WritePropertyName("sets");
        JsonSerializer.Serialize(json, Sets, Plain);
        json.WritePropertyName("shards");
        JsonSerializer.Serialize(json, Layout.Shards, Plain);
        json.WritePropertyName("databases");
        JsonSerializer.Serialize(json, Layout.Databases, Plain);
        json.WriteStartArray("collections");
        foreach (var item in Items)
        {
            Write(json, item);
        }

        json.WriteEndArray();
        json.WriteStartArray("zones");
        foreach (var zone in Layout.Zones)
        {
            json.WriteStartObject();
            json.WriteString("namespace", zone.Namespace);
            Bson(json, "min", zone.Min);
            Bson(json, "max", zone.Max);
            json.WriteString("zone", zone.Zone);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WritePropertyName("leftOut");
        JsonSerializer.Serialize(json, LeftOut, Plain);
        json.WriteEndObject();
    }

    /// <exception cref="Foundation.Errors.BackupException">9034 where it is none, or of a later version.</exception>
    public static async Task<ClusterDescription> ReadAsync(string path, CancellationToken cancellation = default)
    {
        try
        {
            await using var file = File.OpenRead(path);
            using var json = await JsonDocument.ParseAsync(file, cancellationToken: cancellation);
            var root = json.RootElement;
            return root.GetProperty("format").GetString() == Format && root.GetProperty("version").GetInt32() <= Version
                ? Read(root)
                : throw DaemonErrors.UnfitTarget(
                    $"'{path}' is not of a form that this program reads.",
                    "Use the program that wrote it, or a later one."
                );
        }
        catch (Exception failure)
            when (failure is JsonException or KeyNotFoundException or InvalidOperationException or IOException)
        {
            throw DaemonErrors.UnfitTarget(
                $"'{path}' cannot be read: {failure.Message}",
                "Name the folder that 'backup restore CLUSTER … --output DIR' wrote."
            );
        }
    }

    private void Write(Utf8JsonWriter json, ExportItem item)
    {
        json.WriteStartObject();
        json.WriteString("database", item.Database);
        json.WriteString("name", item.Name);
        json.WriteString("dataName", item.DataName);
        json.WriteString("type", item.Type);
        json.WriteString("uuid", item.Uuid?.ToString());
        json.WriteNumber("documents", Counts.GetValueOrDefault(item.Namespace));
        Bson(json, "options", item.Options);
        json.WriteStartArray("indexes");
        foreach (var index in item.Indexes)
        {
            Bson(json, name: null, index);
        }

        json.WriteEndArray();
        if (Layout.Collections.TryGetValue($"{item.Database}.{item.DataName}", out var sharded))
        {
            json.WriteStartObject("sharded");
            Bson(json, "key", sharded.Key.Pattern);
            json.WriteBoolean("unique", sharded.IsUnique);
            json.WriteBoolean("splittable", sharded.IsSplittable);
            json.WriteStartArray("chunks");
            foreach (var chunk in sharded.Chunks.Chunks)
            {
                json.WriteStartObject();
                Bson(json, "min", chunk.Min);
                Bson(json, "max", chunk.Max);
                json.WriteString("shard", chunk.Shard);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Bson(Utf8JsonWriter json, string? name, BsonDocument document)
    {
        if (name is not null)
        {
            json.WritePropertyName(name);
        }

        var text = new ArrayBufferWriter<byte>();
        ExtendedJson.Write(document.View, text, ExtendedJsonMode.Canonical);
        json.WriteRawValue(text.WrittenSpan);
    }

    private static ClusterDescription Read(JsonElement root)
    {
        var items = new List<ExportItem>();
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var sharded = new SortedDictionary<string, ShardedCollection>(StringComparer.Ordinal);
        foreach (var one in root.GetProperty("collections").EnumerateArray())
        {
            var item = ReadItem(one);
            items.Add(item);
            counts[item.Namespace] = one.GetProperty("documents").GetInt64();
            if (one.TryGetProperty("sharded", out var how))
            {
                var ns = $"{item.Database}.{item.DataName}";
                sharded[ns] = ReadSharded(ns, item.Uuid ?? Guid.Empty, how);
            }
        }

        var layout = new ClusterLayout(
            Text(root, "clusterId"),
            root.GetProperty("shards").Deserialize<List<ShardDefinition>>(Plain) ?? [],
            root.GetProperty("databases").Deserialize<Dictionary<string, string>>(Plain) ?? [],
            sharded,
            [
                .. root.GetProperty("zones")
                    .EnumerateArray()
                    .Select(static zone => new ZoneRange(
                        Text(zone, "namespace"),
                        Bson(zone, "min"),
                        Bson(zone, "max"),
                        Text(zone, "zone")
                    )),
            ],
            root.GetProperty("balancerOn").GetBoolean()
        );
        return new ClusterDescription(
            Text(root, "cluster"),
            Text(root, "time"),
            root.GetProperty("snapshot").GetString(),
            root.GetProperty("filtered").GetBoolean(),
            layout,
            root.GetProperty("sets").Deserialize<List<DescribedSet>>(Plain) ?? [],
            items,
            counts,
            root.GetProperty("leftOut").Deserialize<List<LeftOut>>(Plain) ?? []
        );
    }

    private static ExportItem ReadItem(JsonElement one) =>
        new(
            Text(one, "database"),
            Text(one, "name"),
            one.GetProperty("dataName").GetString(),
            Bson(one, "options"),
            [
                .. one.GetProperty("indexes")
                    .EnumerateArray()
                    .Select(static index => ExtendedJson.Parse(index.GetRawText())),
            ],
            one.GetProperty("uuid").GetString() is { } uuid ? Guid.Parse(uuid) : null,
            Text(one, "type")
        );

    private static ShardedCollection ReadSharded(string ns, Guid uuid, JsonElement how) =>
        new(
            ns,
            uuid,
            new ShardKeyPattern(Bson(how, "key")),
            how.GetProperty("unique").GetBoolean(),
            how.GetProperty("splittable").GetBoolean(),
            ChunkMap.Of(
                ns,
                how.GetProperty("chunks")
                    .EnumerateArray()
                    .Select(static chunk => new ChunkRange(
                        Bson(chunk, "min"),
                        Bson(chunk, "max"),
                        Text(chunk, "shard")
                    ))
            )
        );

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString() ?? "";

    private static BsonDocument Bson(JsonElement of, string name) =>
        ExtendedJson.Parse(of.GetProperty(name).GetRawText());
}
