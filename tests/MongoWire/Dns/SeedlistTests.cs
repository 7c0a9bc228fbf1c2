using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Client;
using Backup.MongoWire.Dns;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Dns;

/// <summary>mongodb+srv:// by the driver specification "initial DNS seedlist discovery".</summary>
public class SeedlistTests
{
    [Fact]
    public async Task Seeds_and_default_options_come_from_the_name_service()
    {
        var dns = Table(["m1.example.com", "M2.Example.Com."], "replicaSet=rs0&authSource=users");
        var found = await ResolveAsync("mongodb+srv://u:p@CLUSTER.example.com/shop", dns);
        found.Hosts.ShouldBe([HostAddress.Parse("m1.example.com:27018"), HostAddress.Parse("m2.example.com:27018")]);
        found.Options.ReplicaSet.ShouldBe("rs0");
        found.Options.Tls.ShouldBe(true);
        found.Credential!.Source.ShouldBe("users");
        found.Database.ShouldBe("shop");
        found.ToString().ShouldNotContain(":p@");
        dns.Asked.ShouldBe(["_mongodb._tcp.cluster.example.com", "cluster.example.com"]);
    }

    [Fact]
    public async Task What_the_connection_string_says_itself_wins()
    {
        var dns = Table(["m1.example.com"], "replicaSet=rs0&authSource=users");
        var found = await ResolveAsync("mongodb+srv://u:p@cluster.example.com/?authSource=admin&tls=false", dns);
        (found.Options.Tls, found.Credential!.Source, found.Options.ReplicaSet).ShouldBe((false, "admin", "rs0"));
    }

    [Fact]
    public async Task The_service_has_the_name_that_is_asked_for()
    {
        var dns = new DnsTable([("_shop._tcp.cluster.example.com", "m1.example.com", 1)], []);
        (await ResolveAsync("mongodb+srv://cluster.example.com/?srvServiceName=shop", dns)).Hosts.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("cluster.example.com", "m1.evil.com")]
    [InlineData("cluster.example.com", "example.com")]
    [InlineData("cluster.example.com", "m1.badexample.com")]
    [InlineData("blogs.mongodb.com", "cluster.testmongodb.com")]
    [InlineData("localhost", "localhost.mongodb")]
    [InlineData("localhost", "localhost")]
    [InlineData("localhost", "test_1.cluster_1localhost")]
    [InlineData("mongo.local", "mongo.local")]
    [InlineData("mongo.local", "test_1.evil.local")]
    [InlineData("mongo.local", "test_1.my_hostmongo.local")]
    public async Task A_host_outside_the_domain_is_refused(string name, string target)
    {
        var dns = new DnsTable([($"_mongodb._tcp.{name}", target, 27017)], []);
        await FailsAsync($"mongodb+srv://{name}", dns, MongoWireErrors.SrvFailed);
    }

    [Theory]
    [InlineData("localhost", "m.localhost")]
    [InlineData("mongo.local", "m.mongo.local")]
    [InlineData("cluster.example.com", "a.b.example.com")]
    [InlineData("a.cluster.example.com", "m1.cluster.example.com")]
    public async Task A_host_of_the_domain_is_taken(string name, string target)
    {
        var dns = new DnsTable([($"_mongodb._tcp.{name}", target, 27017)], []);
        (await ResolveAsync($"mongodb+srv://{name}", dns)).Hosts.ShouldBe([HostAddress.Parse(target)]);
    }

    [Theory]
    [InlineData("ssl=false")]
    [InlineData("tls=false")]
    [InlineData("socketTimeoutMS=500")]
    [InlineData("unknownOption=1")]
    [InlineData("t%6cs=false")]
    [InlineData("authSource")]
    [InlineData("authSource=")]
    public Task A_TXT_record_may_hold_three_options_only(string text) =>
        FailsAsync("mongodb+srv://cluster.example.com", Table(["m1.example.com"], text), MongoWireErrors.WrongUri);

    [Fact]
    public async Task Two_TXT_records_or_no_SRV_record_are_an_error()
    {
        var two = Table(["m1.example.com"], "replicaSet=rs0", "authSource=users");
        await FailsAsync("mongodb+srv://cluster.example.com", two, MongoWireErrors.SrvFailed);
        await FailsAsync("mongodb+srv://cluster.example.com", Table([]), MongoWireErrors.SrvFailed);
    }

    [Fact]
    public async Task SrvMaxHosts_takes_so_many_by_chance()
    {
        string[] targets = [.. Enumerable.Range(0, 10).Select(number => $"m{number}.example.com")];
        var seen = new HashSet<HostAddress>();
        for (var round = 0; round < 50; round++)
        {
            var found = await ResolveAsync("mongodb+srv://cluster.example.com/?srvMaxHosts=3", Table(targets));
            found.Hosts.Distinct().Count().ShouldBe(3);
            seen.UnionWith(found.Hosts);
        }

        seen.Count.ShouldBe(10);
        (await ResolveAsync("mongodb+srv://cluster.example.com/?srvMaxHosts=10", Table(targets))).Hosts.Count.ShouldBe(
            10
        );
        var conflict = Table(targets, "replicaSet=rs0");
        await FailsAsync("mongodb+srv://cluster.example.com/?srvMaxHosts=3", conflict, MongoWireErrors.WrongUri);
    }

    [Fact]
    public async Task A_client_opens_what_was_looked_up_and_refuses_a_load_balancer()
    {
        var options = new MongoClientOptions { Dns = Table(["m1.example.com"], "replicaSet=rs0") };
        var uri = ConnectionString.Parse("mongodb+srv://cluster.example.com");
        Should.Throw<ArgumentException>(() => new MongoClient(uri, options));
        await using (var client = await MongoClient.OpenAsync(uri, options, CancellationToken.None))
        {
            client.Topology.Servers.Keys.ShouldBe([HostAddress.Parse("m1.example.com:27018")]);
            client.Topology.SetName.ShouldBe("rs0");
        }

        var balanced = options with { Dns = Table(["m1.example.com"], "loadBalanced=true") };
        (
            await Should.ThrowAsync<BackupException>(() => MongoClient.OpenAsync(uri, balanced, CancellationToken.None))
        ).Number.ShouldBe(MongoWireErrors.RefusedOption);
    }

    private static DnsTable Table(string[] targets, params string[] texts) =>
        new(
            targets.Select(target => ("_mongodb._tcp.cluster.example.com", target, 27018)),
            texts.Select(text => ("cluster.example.com", text))
        );

    private static Task<ConnectionString> ResolveAsync(string uri, DnsTable dns) =>
        SeedlistDiscovery.ResolveAsync(ConnectionString.Parse(uri), dns, CancellationToken.None);

    private static async Task FailsAsync(string uri, DnsTable dns, int number) =>
        (await Should.ThrowAsync<BackupException>(() => ResolveAsync(uri, dns))).Number.ShouldBe(number);
}
