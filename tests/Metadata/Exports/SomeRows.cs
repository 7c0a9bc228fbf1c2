using System.Text.Json;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo.Exports;
using Backup.Metadata.Secrets;

namespace Backup.Tests.Metadata.Exports;

/// <summary>Rows of a table with values that a column of its type may have, another one in every place.</summary>
internal static class SomeRows
{
    internal static object?[] Of(TableMap map, int seed)
    {
        var random = new Random(seed);
        return
        [
            .. map.Columns.SelectMany(column =>
                IsOptional(column) && random.Next(4) == 0 && column.Path.Length == 1
                    ? new object?[column.Names.Length]
                    : Values(column, random)
            ),
        ];
    }

    // What a record has always is always there in a row, too.
    private static bool IsOptional(Column column) =>
        column is { IsBeside: false, Kind: ColumnKind.Plain or ColumnKind.Optime }
        && Nullable.GetUnderlyingType(column.Type) is not null;

    private static object?[] Values(Column column, Random random) =>
        column.Kind switch
        {
            ColumnKind.Only => [1L],
            ColumnKind.Optime => [random.NextInt64(uint.MaxValue), random.NextInt64(uint.MaxValue), random.NextInt64()],
            ColumnKind.Words => [random.Next(2) == 0 ? "" : $"{Guid.NewGuid():D} {Guid.NewGuid():D}"],
            ColumnKind.Minute or ColumnKind.Seconds => [random.NextInt64(30_000_000)],
            ColumnKind.Span => [random.NextInt64(500_000)],
            _ when column.Names[0] == "minutes" => [random.Next(2) == 0 ? 5L : 60L],
            _ => [Value(Nullable.GetUnderlyingType(column.Type) ?? column.Type, column, random)],
        };

    private static object Value(Type type, Column column, Random random)
    {
        if (type == typeof(string) || type == typeof(DeploymentUri))
        {
            return $"{column.Names[0]} ü {random.Next()}";
        }

        if (type == typeof(byte[]))
        {
            var bytes = new byte[random.Next(1, 40)];
            random.NextBytes(bytes);
            return bytes;
        }

        return type switch
        {
            { IsEnum: true } => (long)random.Next(3),
            _ when type == typeof(bool) => (long)random.Next(2),
            _ when type == typeof(double) => random.NextDouble(),
            _ when type == typeof(int) => (long)random.Next(1, int.MaxValue),
            _ when type == typeof(long) => random.NextInt64(),
            _ when type == typeof(DateTimeOffset) => random.NextInt64(4_000_000_000_000),
            _ when type == typeof(TimeOnly) => random.NextInt64(86_400_000),
            _ when type == typeof(TimeSpan) => random.NextInt64(4_000_000_000),
            _ when type == typeof(Guid) => Guid.NewGuid().ToString("D"),
            _ => Part(type, random),
        };
    }

    /// <summary>What a column has as JSON.</summary>
    private static string Part(Type type, Random random)
    {
        var text = $"shop.c{random.Next()}";
        var filter = new NamespaceFilter([text], ["x.y"]);
        return type switch
        {
            _ when type == typeof(NamespaceFilter) => JsonSerializer.Serialize(
                filter,
                AgentJson.Default.NamespaceFilter
            ),
            _ when type == typeof(CopyOrder) => JsonSerializer.Serialize(
                new CopyOrder([text], filter, [filter]),
                AgentJson.Default.CopyOrder
            ),
            _ when type == typeof(SnapshotRecord) => JsonSerializer.Serialize(
                new SnapshotRecord(
                    text,
                    "set",
                    new Optime(1, 2, 3),
                    new string('a', 64),
                    1,
                    2,
                    3,
                    4,
                    0.5,
                    "cut",
                    DateTimeOffset.FromUnixTimeMilliseconds(random.Next()),
                    null,
                    "sync",
                    new Optime(1, 1)
                )
            ),
            _ when type == typeof(IReadOnlyList<DeliveredAlert>) => JsonSerializer.Serialize(
                new List<DeliveredAlert> { new(random.Next(), NoticeKind.Opened) }
            ),
            _ when type == typeof(IReadOnlyList<string>) => JsonSerializer.Serialize(new[] { text, "b" }),
            _ => throw new InvalidOperationException($"There is no sample of {type}."),
        };
    }
}
