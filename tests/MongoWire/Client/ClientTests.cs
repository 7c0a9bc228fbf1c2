using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Authentication;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Client;

/// <summary>Client against listener, over real sockets.</summary>
public class ClientTests
{
    private static readonly BsonDocument PingCommand = BsonDocument.Build(ping => ping.Int32("ping"u8, 1));

    [Theory]
    [InlineData("")]
    [InlineData("&compressors=zstd")]
    [InlineData("&compressors=zlib")]
    public async Task A_reply_of_16_MiB_comes_through(string options)
    {
        await using var member = new FakeMember { BigLength = 16 * 1024 * 1024 };
        await using var client = Connect($"mongodb://{member.Name}/?replicaSet=rs0{options}");
        for (var round = 0; round < 3; round++)
        {
            using var reply = await Run(client, BsonDocument.Build(big => big.Int32("big"u8, 1)));
            reply.View["bytes"u8].AsBinary.Length.ShouldBe(16 * 1024 * 1024);
        }
    }

    [Theory]
    [InlineData("SCRAM-SHA-1", "")]
    [InlineData("SCRAM-SHA-256", "")]
    [InlineData("SCRAM-SHA-1", "&authMechanism=SCRAM-SHA-1")]
    [InlineData("SCRAM-SHA-256", "&authMechanism=SCRAM-SHA-256")]
    public async Task A_user_logs_in_with_the_right_password_only(string mechanism, string options)
    {
        var credential = ScramCredential.Create(ScramMechanism.Find(mechanism)!, "alice", "p@ss", 4096);
        await using var member = new FakeMember(null, credential);
        await using var client = Connect($"mongodb://alice:p%40ss@{member.Name}/?replicaSet=rs0{options}");
        using (await Run(client, PingCommand)) { }

        foreach (var wrong in new[] { "alice:wrong", "bob:p%40ss" })
        {
            await using var stranger = Connect($"mongodb://{wrong}@{member.Name}/?replicaSet=rs0{options}");
            var refusal = await Should.ThrowAsync<BackupException>(() => Run(stranger, PingCommand));
            refusal.Number.ShouldBe(MongoWireErrors.WrongPassword);
            refusal.ToString().ShouldNotContain("wrong)");
        }

        await using var nobody = Connect($"mongodb://{member.Name}/?replicaSet=rs0");
        (await Should.ThrowAsync<BackupException>(() => Run(nobody, PingCommand))).Number.ShouldBe(
            MongoWireErrors.NotAuthorised
        );
    }

    [Fact]
    public async Task A_tailing_cursor_gives_its_batches_an_empty_one_and_the_end()
    {
        await using var member = new FakeMember();
        await using var client = Connect($"mongodb://{member.Name}/?replicaSet=rs0");
        var find = BsonDocument.Build(command => command.String("find"u8, "oplog.rs").Boolean("tailable"u8, true));
        await using var cursor = await client.OpenCursorAsync(
            "local",
            find,
            ReadTarget.Primary,
            new CursorOptions { MaxAwait = TimeSpan.FromMilliseconds(100) },
            CancellationToken.None
        );
        var counts = new List<int>();
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                var count = 0;
                foreach (var document in batch)
                {
                    document.View["n"u8].AsInt32.ShouldBe(count++);
                }

                counts.Add(count);
            }
        }

        counts.ShouldBe([3, 0, 2, 2]);
        cursor.Id.ShouldBe(0);
    }

    [Fact]
    public async Task Reads_follow_the_primary_to_another_member()
    {
        await using var first = new FakeMember();
        await using var second = new FakeMember();
        string[] hosts = [first.Name, second.Name];
        (first.Hosts, second.Hosts) = (hosts, hosts);
        second.Primary = first.Name;
        await using var client = Connect($"mongodb://{first.Name}/?replicaSet=rs0");
        using (var reply = await Run(client, PingCommand))
        {
            reply.Host.ToString().ShouldBe(first.Name);
        }

        first.RefusePings = true;
        (first.Primary, second.Primary) = (second.Name, second.Name);
        using var after = await Run(client, PingCommand);
        after.Host.ToString().ShouldBe(second.Name);
    }

    [Fact]
    public async Task Reads_go_on_when_the_member_dies()
    {
        var first = new FakeMember();
        await using var second = new FakeMember();
        string[] hosts = [first.Name, second.Name];
        (first.Hosts, second.Hosts) = (hosts, hosts);
        second.Primary = first.Name;
        await using var client = Connect($"mongodb://{first.Name},{second.Name}/?replicaSet=rs0");
        using (await Run(client, PingCommand)) { }

        second.Primary = second.Name;
        await first.DisposeAsync();
        using var after = await Run(client, PingCommand);
        after.Host.ToString().ShouldBe(second.Name);
    }

    [Fact]
    public async Task A_standalone_is_told_how_to_become_a_replica_set()
    {
        await using var member = new FakeMember { SetName = null };
        await using var client = new MongoClient(
            ConnectionString.Parse($"mongodb://{member.Name}/"),
            new MongoClientOptions { RequireReplicaSet = true }
        );
        var refusal = await Should.ThrowAsync<BackupException>(() => Run(client, PingCommand));
        refusal.Number.ShouldBe(MongoWireErrors.Standalone);
        refusal.Hint.ShouldContain("rs.initiate()");
    }

    [Fact]
    public async Task Wrong_set_old_server_and_dead_host_have_errors_of_their_own()
    {
        await using var member = new FakeMember();
        (await FailureAsync($"mongodb://{member.Name}/?replicaSet=other")).ShouldBe(MongoWireErrors.SetNameMismatch);
        member.MaxWireVersion = 5;
        (await FailureAsync($"mongodb://{member.Name}/?replicaSet=rs0")).ShouldBe(MongoWireErrors.ServerTooOld);
        (await FailureAsync("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300")).ShouldBe(
            MongoWireErrors.NoSuitableServer
        );
    }

    [Fact]
    public async Task A_server_that_refuses_a_command_keeps_its_connection()
    {
        await using var member = new FakeMember();
        await using var client = Connect($"mongodb://{member.Name}/?replicaSet=rs0");
        using var lease = await client.LeaseAsync(ReadTarget.Primary, CancellationToken.None);
        var unknown = BsonDocument.Build(command => command.Int32("nonsense"u8, 1));
        var refusal = await Should.ThrowAsync<CommandException>(() =>
            lease.Connection.RunCommandAsync("admin", unknown, CancellationToken.None)
        );
        (refusal.ServerCode, refusal.CodeName).ShouldBe((59, "CommandNotFound"));
        lease.Connection.IsBroken.ShouldBeFalse();
        using var reply = await lease.Connection.RunCommandAsync("admin", PingCommand, CancellationToken.None);
    }

    private static async Task<int> FailureAsync(string uri)
    {
        await using var client = Connect(uri);
        return (await Should.ThrowAsync<BackupException>(() => Run(client, PingCommand))).Number;
    }

    private static MongoClient Connect(string uri) =>
        new(
            ConnectionString.Parse(uri),
            new MongoClientOptions { ServerSelectionTimeout = TimeSpan.FromSeconds(10), ReadRetries = 6 }
        );

    private static Task<CommandReply> Run(MongoClient client, BsonDocument command) =>
        client.RunCommandAsync("admin", command, ReadTarget.Primary, CancellationToken.None);
}
