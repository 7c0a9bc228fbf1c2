using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Backup.BackupHttpServer;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Catalogues;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Backup.Tests.BackupHttpServer;

/// <summary>A server on a real TLS socket with SQLite and objects in memory, one enrolled agent, and a sync that has begun.</summary>
internal sealed class ServerFixture : IAsyncDisposable
{
    public static readonly Guid Orders = Guid.Parse("11111111-2222-4333-8444-555555555555");
    public static readonly Optime Begin = new(100, 1, 1);

    private readonly BackupHttpServerOptions _options;
    private readonly TemporaryFolder _folder;
    private readonly HttpClient _http;

    private ServerFixture(
        TemporaryFolder folder,
        SqliteMetadataStore metadata,
        FullableObjectStore objects,
        BackupHttpServerHost server,
        BackupHttpServerOptions options
    )
    {
        _options = options;
        _folder = folder;
        Metadata = metadata;
        Objects = objects;
        Server = server;
        _http = Client(certificate: null);
    }

    /// <summary>Another instance on the same stores, with the same options.</summary>
    public async Task<SecondInstance> AnotherAsync()
    {
        var host = await BackupHttpServerHost.StartAsync(
            _options,
            Metadata,
            Objects,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        return new SecondInstance(host, Client(certificate: null, host));
    }

    /// <summary>A client with connections of its own.</summary>
    public HttpClient Client(X509Certificate2? certificate, BackupHttpServerHost? host = null)
    {
        var tls = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        };
        if (certificate is not null)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        return new HttpClient(new SocketsHttpHandler { SslOptions = tls })
        {
            BaseAddress = new Uri($"https://localhost:{(host ?? Server).EndPoint.Port}"),
        };
    }

    public SqliteMetadataStore Metadata { get; }

    public FullableObjectStore Objects { get; }

    public BackupHttpServerHost Server { get; }

    public EnrolAnswer Agent { get; set; } = new("", "");

    public string ReplicaSetId { get; private set; } = "";

    public string SyncId { get; private set; } = "";

    /// <summary>Of the lease that requests are made under.</summary>
    public long Fence { get; set; } = 1;

    public static async Task<ServerFixture> StartAsync(
        Func<BackupHttpServerOptions, BackupHttpServerOptions>? with = null,
        bool begins = true,
        TimeProvider? time = null
    )
    {
        var folder = new TemporaryFolder();
        var metadata = await SqliteMetadataStore.OpenAsync(folder.File("metadata.db"));
        var objects = new FullableObjectStore();
        var options = new BackupHttpServerOptions { CertificateFolder = folder.File("certificates"), Port = 0 };
        options = with?.Invoke(options) ?? options;
        var server = await BackupHttpServerHost.StartAsync(
            options,
            metadata,
            objects,
            time ?? TimeProvider.System,
            NullLoggerFactory.Instance
        );
        var made = new ServerFixture(folder, metadata, objects, server, options);
        made.Agent = await made.EnrolAsync("default");
        if (begins)
        {
            await made.BeginAsync();
        }

        return made;
    }

    public Task<string> TokenAsync(string group, TimeSpan? lifetime = null) =>
        Enrolment.CreateTokenAsync(
            Metadata,
            group,
            Server.CaFingerprint,
            lifetime ?? TimeSpan.FromMinutes(5),
            TimeProvider.System
        );

    public async Task<EnrolAnswer> EnrolAsync(string group)
    {
        using var answer = await SendEnrolAsync(await TokenAsync(group));
        return (await answer.Content.ReadFromJsonAsync(AgentJson.Default.EnrolAnswer))!;
    }

    public Task<HttpResponseMessage> SendEnrolAsync(
        string token,
        string? certificateRequest = null,
        HttpClient? http = null
    )
    {
        var body = new EnrolRequest(token.Split('.')[^1], "host", "1.0.0", certificateRequest);
        var request = Post(AgentRoutes.Enrol, body, AgentJson.Default.EnrolRequest);
        request.Headers.Authorization = null;
        return SendAsync(request, http);
    }

    public HttpRequestMessage Post<T>(string route, T body, JsonTypeInfo<T> type) =>
        Signed(new HttpRequestMessage(HttpMethod.Post, route) { Content = JsonContent.Create(body, type) });

    public HttpRequestMessage Post(string route) => Signed(new HttpRequestMessage(HttpMethod.Post, route));

    public HttpRequestMessage Get(string route) => Signed(new HttpRequestMessage(HttpMethod.Get, route));

    public HttpRequestMessage SyncSlice(long sequence, SliceParts parts) =>
        parts.Into(Signed(new(HttpMethod.Put, AgentRoutes.SyncSlice(SyncId, Orders, 0, sequence))));

    public HttpRequestMessage OplogSlice(long sequence, Optime previous, Optime first, Optime last, SliceParts parts)
    {
        var request = parts.Into(Signed(new(HttpMethod.Put, AgentRoutes.OplogSlice(SyncId, sequence))));
        request.Headers.Add(AgentHeaders.Previous, WireOptimeText.Format(previous));
        request.Headers.Add(AgentHeaders.First, WireOptimeText.Format(first));
        request.Headers.Add(AgentHeaders.Last, WireOptimeText.Format(last));
        return request;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpClient? http = null)
    {
        using (request)
        {
            return await (http ?? _http).SendAsync(request);
        }
    }

    /// <summary>What a request with that key is answered with.</summary>
    public async Task<HttpStatusCode> StatusAsync(
        string key,
        string route = AgentRoutes.Configuration,
        HttpMethod? method = null,
        HttpClient? http = null
    )
    {
        using var answer = await AskAsync(key, route, method, http);
        return answer.StatusCode;
    }

    public async Task RefusedAsync(string key, HttpStatusCode status, int number, HttpClient? http = null)
    {
        using var answer = await AskAsync(key, AgentRoutes.Configuration, null, http);
        await RefusedAsync(answer, status, number);
    }

    /// <param name="number">0: any.</param>
    public static async Task RefusedAsync(HttpResponseMessage answer, HttpStatusCode status, int number)
    {
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(status, text);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe(AgentProtocol.ProblemMediaType);
        var problem = System.Text.Json.JsonSerializer.Deserialize(text, AgentJson.Default.Problem)!;
        problem.Hint.ShouldNotBeEmpty();
        problem.Status.ShouldBe((int)status);
        if (number != 0)
        {
            problem.Code.ShouldBe($"BK{number}");
        }
    }

    /// <summary>What is stored of that key.</summary>
    public async Task<ApiKeyRecord> KeyAsync(string key)
    {
        var hash = SHA256.HashData(System.Buffers.Text.Base64Url.DecodeFromChars(key));
        return (await Metadata.Credentials.FindKeyAsync(hash))!.Key;
    }

    /// <summary>Everything that is stored, as one text: two that are equal mean that nothing was stored between them.</summary>
    public async Task<string> StoredAsync()
    {
        var text = new StringBuilder();
        await foreach (var name in Objects.ListAsync(""))
        {
            text.AppendLine(name);
        }

        foreach (var one in await Metadata.Syncs.CollectionsAsync(SyncId))
        {
            text.AppendLine($"{one with { LastId = null }} {Convert.ToHexString(one.LastId ?? [])}");
        }

        foreach (var slice in await Metadata.OplogSlices.AfterAsync(SyncId, Optime.Zero, 1000))
        {
            text.AppendLine(slice.ObjectName);
        }

        foreach (var set in await Metadata.Deployments.ReplicaSetsAsync())
        {
            text.AppendLine(set.ToString());
        }

        text.AppendLine($"{(await Metadata.Syncs.ListAsync(ReplicaSetId)).Count} syncs");
        text.AppendLine($"{(await Metadata.Access.AgentsAsync()).Count} agents");
        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Server.StopAsync();
        await Server.DisposeAsync();
        await Metadata.DisposeAsync();
        _folder.Dispose();
    }

    private Task<HttpResponseMessage> AskAsync(string key, string route, HttpMethod? method, HttpClient? http)
    {
        var request = Signed(new HttpRequestMessage(method ?? HttpMethod.Get, route));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return SendAsync(request, http);
    }

    /// <summary>What the agent is told that asks for the lease on the deployment.</summary>
    public async Task<LeaseAnswer> ClaimAsync(string session, long? fence = null)
    {
        using var answer = await SendAsync(
            Post(AgentRoutes.Lease("d1"), new LeaseClaim(session, fence), AgentJson.Default.LeaseClaim)
        );
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync(AgentJson.Default.LeaseAnswer))!;
    }

    private HttpRequestMessage Signed(HttpRequestMessage request)
    {
        request.Headers.Add(AgentHeaders.Protocol, AgentProtocol.Version.ToString());
        request.Headers.Add(AgentHeaders.Fence, $"{Fence}");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer",
            Agent.ApiKey.Length > 0 ? Agent.ApiKey : "none"
        );
        return request;
    }

    private async Task BeginAsync()
    {
        var group = await Metadata.Access.EnsureGroupAsync("default");
        _ = await Metadata.Deployments.EnsureAsync(
            new Deployment(
                "d1",
                group.Id,
                "shop",
                "replicaSet",
                "mongodb://a/?replicaSet=rs0",
                TimeProvider.System.GetUtcNow()
            )
        );
        Fence = (await ClaimAsync("first")).Fence!.Value;
        var found = new DiscoveryReport("rs0", new string('a', 24), "4.2.4", "4.2", "wiredTiger", ["a:27017"]);
        using var discovered = await SendAsync(
            Post(AgentRoutes.Discovery("d1"), found, AgentJson.Default.DiscoveryReport)
        );
        discovered.EnsureSuccessStatusCode();
        ReplicaSetId = (await discovered.Content.ReadFromJsonAsync(AgentJson.Default.Assignment))!.ReplicaSetId;
        var listed = new ListedCollection("shop.orders", Orders, "collection", BsonDocument.Empty, [], false, 10, 1000);
        var request = SliceParts
            .Of(listed.ToDocument())
            .Into(Signed(new HttpRequestMessage(HttpMethod.Post, AgentRoutes.Syncs(ReplicaSetId))));
        request.Headers.Add(AgentHeaders.Begin, WireOptimeText.Format(Begin));
        using var begun = await SendAsync(request);
        begun.EnsureSuccessStatusCode();
        SyncId = (await begun.Content.ReadFromJsonAsync(AgentJson.Default.Assignment))!.Sync!.SyncId;
    }
}

/// <summary>Another instance of the server, and a client that speaks to it alone.</summary>
internal sealed record SecondInstance(BackupHttpServerHost Host, HttpClient Http) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.StopAsync();
        await Host.DisposeAsync();
    }
}

/// <summary>A slice's body and what its headers say of it; a test makes one of them lie.</summary>
internal sealed record SliceParts(byte[] Frame, string RawLength, string Documents, string Sha256)
{
    public static SliceParts Of(params BsonDocument[] documents) =>
        OfRaw([.. documents.SelectMany(one => one.Memory.ToArray())], documents.Length);

    public static SliceParts OfRaw(byte[] raw, int documents)
    {
        var frame = new byte[Backup.Foundation.Compression.Zstd.MaxCompressedLength(raw.Length)];
        var length = Backup.Foundation.Compression.Zstd.Compress(raw, frame);
        return new(frame[..length], $"{raw.Length}", $"{documents}", Convert.ToHexStringLower(SHA256.HashData(raw)));
    }

    public HttpRequestMessage Into(HttpRequestMessage request)
    {
        request.Content = new ByteArrayContent(Frame);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(AgentProtocol.SliceMediaType);
        request.Headers.Add(AgentHeaders.RawLength, RawLength);
        request.Headers.Add(AgentHeaders.Documents, Documents);
        request.Headers.Add(AgentHeaders.Sha256, Sha256);
        return request;
    }
}
