using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.MongoWire.Client;

/// <summary>The client against a real mongod.</summary>
public class RealServerTests
{
    [RealMongoFact]
    public async Task The_oplog_of_a_real_server_can_be_tailed()
    {
        await using var mongo = await RealMongo.StartAsync();
        await using var client = new MongoClient(
            ConnectionString.Parse(mongo.ConnectionString + "&compressors=zstd,zlib"),
            new MongoClientOptions { RequireReplicaSet = true }
        );
        var find = BsonDocument.Build(command =>
            command
                .String("find"u8, "oplog.rs")
                .BeginDocument("filter"u8)
                .EndDocument()
                .Boolean("tailable"u8, true)
                .Boolean("awaitData"u8, true)
        );
        await using var cursor = await client.OpenCursorAsync(
            "local",
            find,
            ReadTarget.Primary,
            new CursorOptions { MaxAwait = TimeSpan.FromMilliseconds(200) },
            CancellationToken.None
        );
        using var batch = await cursor.NextBatchAsync(CancellationToken.None);
        var entries = 0;
        foreach (var entry in batch!)
        {
            entry.View.Has("ts"u8).ShouldBeTrue();
            entries++;
        }

        entries.ShouldBeGreaterThan(0);
    }

    [RealMongoFact]
    public async Task A_real_server_takes_the_right_password_only()
    {
        await using var mongo = await RealMongo.StartAsync(authentication: true);
        var list = BsonDocument.Build(command => command.Int32("listDatabases"u8, 1));
        foreach (var mechanism in new[] { "", "&authMechanism=SCRAM-SHA-1", "&authMechanism=SCRAM-SHA-256" })
        {
            var uri = mongo.ConnectionString + mechanism;
            await using var client = new MongoClient(ConnectionString.Parse(uri), new MongoClientOptions());
            using var reply = await client.RunCommandAsync("admin", list, ReadTarget.Primary, CancellationToken.None);
            reply.View.Has("databases"u8).ShouldBeTrue();

            var wrong = uri.Replace("r00t", "wrong", StringComparison.Ordinal);
            await using var stranger = new MongoClient(ConnectionString.Parse(wrong), new MongoClientOptions());
            var refusal = await Should.ThrowAsync<BackupException>(() =>
                stranger.RunCommandAsync("admin", list, ReadTarget.Primary, CancellationToken.None)
            );
            refusal.Number.ShouldBe(MongoWireErrors.WrongPassword);
        }
    }
}
