using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Backup.WebUI;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Backup.Tests.WebUI;

/// <summary>The web server on a real socket and a real catalogue, with desks and callers of the test.</summary>
internal sealed class WebScene : IAsyncDisposable
{
    /// <summary>The header by which a request of a test names its caller.</summary>
    public const string CallerHeader = "X-Test-Caller";

    private readonly TemporaryFolder _folder;
    private SecretBox? _box;

    private WebScene(
        TemporaryFolder folder,
        SqliteMetadataStore metadata,
        TestDesks desks,
        TestCallers callers,
        PublicApi api,
        WebUIHost host
    )
    {
        _folder = folder;
        Api = api;
        Metadata = metadata;
        Desks = desks;
        Callers = callers;
        Host = host;
        Http = new HttpClient { BaseAddress = host.Address };
    }

    public SqliteMetadataStore Metadata { get; }

    public TestDesks Desks { get; }

    public TestCallers Callers { get; }

    public PublicApi Api { get; }

    public WebUIHost Host { get; }

    public HttpClient Http { get; }

    /// <summary>The group that tests work in, with one deployment <c>rs0</c> whose replica set an agent has found.</summary>
    public Group Ours { get; private set; } = null!;

    /// <summary>Another one, with a deployment of its own.</summary>
    public Group Theirs { get; private set; } = null!;

    public static async Task<WebScene> StartAsync(
        TimeProvider? time = null,
        IReadOnlyDictionary<int, int>? statuses = null
    )
    {
        var folder = new TemporaryFolder();
        var clock = time ?? TimeProvider.System;
        var metadata = await SqliteMetadataStore.OpenAsync(Path.Combine(folder.Path, "metadata.db"), clock);
        var (desks, callers) = (new TestDesks(), new TestCallers());
        var box = SecretBox.Ensure(folder.File("secrets/box.key"));
        var api = new PublicApi(
            metadata,
            desks.All,
            () => box,
            new PublicApiOptions { Statuses = statuses ?? new Dictionary<int, int>() },
            clock,
            NullLoggerFactory.Instance
        );
        var host = await WebUIHost.StartAsync(
            new WebUIOptions { Port = 0, Callers = callers },
            api,
            CancellationToken.None
        );
        var scene = new WebScene(folder, metadata, desks, callers, api, host) { _box = box };
        scene.Ours = await metadata.Access.EnsureGroupAsync("ours");
        scene.Theirs = await metadata.Access.EnsureGroupAsync("theirs");
        await scene.AddDeploymentAsync(scene.Ours, "rs0");
        await scene.AddDeploymentAsync(scene.Theirs, "rs9");
        return scene;
    }

    /// <summary>A caller of that name who may do that in our group, and nothing in theirs.</summary>
    public string Member(
        Permission permissions,
        CallerKind kind = CallerKind.Session,
        DateTimeOffset? confirmedUntil = null
    )
    {
        var id = Guid.NewGuid().ToString("N");
        Callers.Known[id] = new Caller(
            id,
            $"user {id}",
            kind,
            new Dictionary<string, Permission>(StringComparer.Ordinal) { [Ours.Id] = permissions }
        )
        {
            ConfirmedUntil = confirmedUntil,
        };
        return id;
    }

    /// <summary>A request as the pages send it.</summary>
    public HttpRequestMessage Request(HttpMethod method, string path, string? caller = null, object? body = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (caller is not null)
        {
            request.Headers.Add(CallerHeader, caller);
        }

        if (method != HttpMethod.Get)
        {
            request.Headers.Add(AccessGate.RequestHeader, "1");
        }

        if (body is not null)
        {
            request.Content = body is string text
                ? new StringContent(text, System.Text.Encoding.UTF8, "application/json")
                : JsonContent.Create(body, options: ApiJson.Options);
        }

        return request;
    }

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? caller = null,
        object? body = null
    )
    {
        using var request = Request(method, path, caller, body);
        return await Http.SendAsync(request);
    }

    /// <summary>The path of something of our group.</summary>
    public string Of(string rest) => $"/api/v1/groups/{Ours.Id}/{rest}";

    public async Task<T> GetAsync<T>(string path, string caller)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, caller);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<T>(ReadOptions))!;
    }

    /// <summary>What an answer that is no success must be: a problem with number, hint, and nothing else.</summary>
    public static async Task<Problem> ProblemAsync(
        HttpResponseMessage answer,
        HttpStatusCode status,
        int? number = null
    )
    {
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(status, text);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe(Problems.MediaType);
        var problem = JsonSerializer.Deserialize<Problem>(text, ReadOptions)!;
        problem.Status.ShouldBe((int)status);
        problem.Detail.ShouldNotBeNullOrWhiteSpace();
        problem.Hint.ShouldNotBeNullOrWhiteSpace();
        problem.Code.ShouldMatch("^BK[0-9]{4}$");
        if (number is { } expected)
        {
            problem.Code.ShouldBe(new BackupException(expected, "", "").Code, text);
        }

        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        Api.Dispose();
        _box?.Dispose();
        await Metadata.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>As a client reads: fields that it does not know are of a newer server.</summary>
    internal static readonly JsonSerializerOptions ReadOptions = new(ApiJson.Options)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip,
    };

    private async Task AddDeploymentAsync(Group group, string name)
    {
        var id = $"deployment-{name}";
        await Metadata.Deployments.EnsureAsync(
            new Deployment(
                id,
                group.Id,
                name,
                DeploymentTypes.ReplicaSet,
                $"mongodb://{name}:27017/?replicaSet={name}",
                TimeProvider.System.GetUtcNow()
            )
        );
        await Metadata.Deployments.EnsureReplicaSetAsync(
            new ReplicaSetRecord(
                $"set-{name}",
                id,
                name,
                "0123456789abcdef01234567",
                "4.2.4",
                "4.2",
                "wiredTiger",
                ReplicaSetState.Waiting,
                null,
                null,
                null,
                null,
                Optime.Zero,
                null
            )
        );
        Desks.Deployments.Add(new DeploymentView(id, name, DeploymentTypes.ReplicaSet, [], null));
    }

    /// <summary>Whoever a test says that a request is from.</summary>
    internal sealed class TestCallers : ICallers
    {
        public Dictionary<string, Caller> Known { get; } = new(StringComparer.Ordinal);

        public ValueTask<Caller?> FindAsync(HttpContext context, CancellationToken cancellation) =>
            ValueTask.FromResult(Known.GetValueOrDefault(context.Request.Headers[CallerHeader].ToString()));
    }
}
