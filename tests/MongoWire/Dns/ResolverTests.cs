using System.Net;
using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Dns;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Dns;

/// <summary>The resolver against a name server on real sockets, and its parser against whatever strangers send.</summary>
public class ResolverTests
{
    private const string Name = "_mongodb._tcp.cluster.example.com";
    private const int Srv = (int)DnsType.Srv;
    private const int Txt = (int)DnsType.Txt;

    [Fact]
    public async Task Services_and_texts_are_read()
    {
        await using var server = new FakeNameServer();
        server.Records[Srv] =
        [
            FakeNameServer.Srv(27017, "m1.example.com"),
            FakeNameServer.Srv(65535, "m2.example.com"),
        ];
        server.Records[Txt] = [FakeNameServer.Txt("replicaS", "et=rs", "0"), FakeNameServer.Txt("x")];
        var resolver = Resolver(server.EndPoint);
        (await resolver.LookUpSrvAsync(Name, CancellationToken.None)).ShouldBe([
            new SrvRecord("m1.example.com", 27017),
            new SrvRecord("m2.example.com", 65535),
        ]);
        (await resolver.LookUpTxtAsync("cluster.example.com", CancellationToken.None)).ShouldBe([
            "replicaSet=rs0",
            "x",
        ]);
        server.TcpQuestions.ShouldBe(0);
    }

    [Fact]
    public async Task What_does_not_fit_is_asked_again_over_TCP()
    {
        await using var server = new FakeNameServer { TruncatesUdp = true };
        server.Records[Srv] =
        [
            .. Enumerable.Range(1, 200).Select(one => FakeNameServer.Srv(one, $"m{one}.example.com")),
        ];
        var found = await Resolver(server.EndPoint).LookUpSrvAsync(Name, CancellationToken.None);
        found.Select(record => record.Port).ShouldBe(Enumerable.Range(1, 200));
        server.TcpQuestions.ShouldBe(1);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_has_no_records()
    {
        await using var server = new FakeNameServer { Code = 3 };
        (await Resolver(server.EndPoint).LookUpSrvAsync(Name, CancellationToken.None)).ShouldBeEmpty();
        server.UdpQuestions.ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_fails_or_is_silent_is_passed_over()
    {
        await using var failing = new FakeNameServer { Code = 2 };
        await using var silent = new FakeNameServer { IsSilent = true };
        await using var good = new FakeNameServer();
        good.Records[Srv] = [FakeNameServer.Srv(1, "m1.example.com")];
        var resolver = Resolver(failing.EndPoint, silent.EndPoint, good.EndPoint);
        (await resolver.LookUpSrvAsync(Name, CancellationToken.None)).Count.ShouldBe(1);

        var none = Resolver(failing.EndPoint, silent.EndPoint);
        var refusal = await Should.ThrowAsync<BackupException>(() => none.LookUpSrvAsync(Name, CancellationToken.None));
        (refusal.Number, refusal.IsTransient).ShouldBe((MongoWireErrors.SrvFailed, true));
        refusal.Message.ShouldContain("error 2");
        refusal.Message.ShouldContain("no answer");
        silent.UdpQuestions.ShouldBe(3);
    }

    [Fact]
    public async Task An_answer_to_another_question_is_passed_over()
    {
        await using var server = new FakeNameServer();
        server.Records[Srv] = [FakeNameServer.Srv(1, "m1.example.com")];
        foreach (var at in new[] { 0, 1, 13 })
        {
            // Number, number, name of the question.
            server.Forgery = answer =>
            {
                answer[at] ^= 1;
                answer[^1] = 0xff;
                return answer;
            };
            var found = await Resolver(server.EndPoint).LookUpSrvAsync(Name, CancellationToken.None);
            found.ShouldBe([new SrvRecord("m1.example.com", 1)]);
        }
    }

    [Fact]
    public void Any_damage_of_an_answer_is_noticed_or_harmless()
    {
        byte[] answer =
        [
            .. DnsMessage.Query(7, Name, DnsType.Srv)[..^11],
            0xc0,
            12,
            0,
            Srv,
            0,
            1,
            0,
            0,
            0,
            1,
            0,
            8,
            0,
            0,
            0,
            0,
            0,
            9,
            0xc0,
            0x1a,
        ];
        (answer[2], answer[7]) = (0x80, 1);
        DnsMessage.Read(answer, 7, Name, DnsType.Srv)!.Services.ShouldBe([new SrvRecord("cluster.example.com", 9)]);
        for (var at = 0; at < answer.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var damaged = answer.ToArray();
                damaged[at] = (byte)value;
                OnlyFormatErrors(damaged);
            }

            OnlyFormatErrors(answer[..at]);
        }
    }

    [Fact]
    public void A_name_that_points_to_itself_ends()
    {
        byte[] loop = [0, 7, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 33, 0, 1];
        Should.Throw<FormatException>(() => DnsMessage.Read(loop, 7, Name, DnsType.Srv));
    }

    [Fact]
    public void Random_bytes_do_no_harm() =>
        Prop.ForAll<byte[]>(bytes =>
            {
                byte[] message = [0, 7, 0x80, 0, 0, 1, .. bytes];
                OnlyFormatErrors(message);
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void The_systems_name_servers_are_those_of_its_configuration()
    {
        var found = NameServers.Parse([
            "# comment",
            "search example.com",
            "nameserver 10.0.0.1",
            "nameserver\t2001:db8::1",
            "nameserver nonsense",
            "options ndots:2 timeout:1 attempts:99",
            "nameserver 10.0.0.2",
            "nameserver 10.0.0.3",
        ]);
        found.Servers.Select(server => $"{server.Address}").ShouldBe(["10.0.0.1", "2001:db8::1", "10.0.0.2"]);
        (found.Timeout, found.Attempts).ShouldBe((TimeSpan.FromSeconds(1), 5));
        NameServers.Parse([]).Servers.ShouldBe([new IPEndPoint(IPAddress.Loopback, 53)]);
    }

    private static void OnlyFormatErrors(byte[] message)
    {
        try
        {
            _ = DnsMessage.Read(message, 7, Name, DnsType.Srv);
        }
        catch (FormatException)
        {
            // Noticed.
        }
    }

    private static SystemDnsResolver Resolver(params IPEndPoint[] servers) =>
        new(() => new NameServers(servers, TimeSpan.FromMilliseconds(300), 2), TimeProvider.System);
}
