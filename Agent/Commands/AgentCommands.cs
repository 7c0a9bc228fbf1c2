using System.CommandLine;
using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Commands;

/// <summary>The verbs of <c>backup-agent</c>. Exit codes: 0 done, 1 failed (a numbered error on standard error), 2 wrong usage.</summary>
internal static class AgentCommands
{
    private const string DataVariable = "BACKUP_AGENT_DATA";
    private const string TokenVariable = "BACKUP_AGENT_TOKEN";
    private const string DefaultData = "/var/lib/backup-agent";

    private static readonly Option<string> Data = new("--data")
    {
        Description = $"Folder of this agent's identity (also {DataVariable}).",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(DataVariable) ?? DefaultData,
        Recursive = true,
    };

    private static readonly Option<bool> JsonLog = new("--json-log")
    {
        Description = "Log lines on standard error as JSON.",
        Recursive = true,
    };

    public static string Version => typeof(AgentCommands).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public static async Task<int> InvokeAsync(string[] arguments)
    {
        var root = new RootCommand("Backs MongoDB replica sets up to a backup server.")
        {
            Enroll(),
            Run(),
            Status(),
            Check(),
        };
        root.Add(Data);
        root.Add(JsonLog);
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            _ = await parsed.InvokeAsync();
            return 2;
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(15) }
        );
    }

    private static Command Enroll()
    {
        var server = new Option<System.Uri>("--server")
        {
            Description = "The server's address, for example https://backup.example.com:8081.",
            Required = true,
            CustomParser = ParseAddress,
        };
        var token = new Option<string?>("--token") { Description = "The token; visible to other users of this host." };
        var tokenFile = new Option<string?>("--token-file")
        {
            Description = $"A file with the token (or {TokenVariable}).",
        };
        var force = new Option<bool>("--force") { Description = "Enrol anew although there is an identity." };
        var command = new Command("enroll", "Make this host known to a server, with a token from there.")
        {
            server,
            token,
            tokenFile,
            force,
        };
        command.SetAction(
            (parsed, cancellation) =>
                GuardAsync(
                    parsed,
                    async log =>
                    {
                        var folder = Path.GetFullPath(parsed.GetValue(Data)!);
                        if (AgentIdentity.Exists(folder) && !parsed.GetValue(force))
                        {
                            throw AgentErrors.Enrolled(folder);
                        }

                        var text = TokenOf(parsed.GetValue(token), parsed.GetValue(tokenFile));
                        var address = RequireHttps(parsed.GetRequiredValue(server));
                        var identity = await Enroller.EnrolAsync(address, text, Version, cancellation);
                        identity.Save(folder);
                        log.Info("enrolled", message: identity.ToString());
                    }
                )
        );
        return command;
    }

    private static Command Run()
    {
        var server = new Option<System.Uri?>("--server")
        {
            Description = "The server's address now, where it is another than at the enrolment.",
            CustomParser = ParseAddress,
        };
        var stopWithInput = new Option<bool>("--stop-with-input")
        {
            Description = "Stop when standard input closes: for a parent that may be killed.",
        };
        var command = new Command("run", "Back up what the server says, until stopped.") { server, stopWithInput };
        command.SetAction(
            (parsed, cancellation) =>
                GuardAsync(
                    parsed,
                    async log =>
                    {
                        var moved = parsed.GetValue(server);
                        using var credentials = AgentCredentials.Open(
                            Path.GetFullPath(parsed.GetValue(Data)!),
                            moved is null ? null : RequireHttps(moved)
                        );
                        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                        if (parsed.GetValue(stopWithInput))
                        {
                            _ = StopWithInputAsync(stop);
                        }

                        using var client = new ServerClient(credentials, TimeProvider.System);
                        log.Info("started", message: credentials.Identity.ToString());
                        await Task.WhenAll(
                            new CredentialKeeper(credentials, client, log, TimeProvider.System).RunAsync(stop.Token),
                            new AgentService(client, log, TimeProvider.System, Version).RunAsync(stop.Token)
                        );
                        log.Info("stopped");
                    }
                )
        );
        return command;
    }

    /// <summary>A parent holds the other end of standard input: the operating system closes it even where the parent is killed.</summary>
    private static async Task StopWithInputAsync(CancellationTokenSource stop)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0) { }

        await stop.CancelAsync();
    }

    private static Command Status()
    {
        var command = new Command("status", "Show the server, and what it wants to be backed up.");
        command.SetAction(
            (parsed, cancellation) =>
                GuardAsync(
                    parsed,
                    async _ =>
                    {
                        using var credentials = AgentCredentials.Open(Path.GetFullPath(parsed.GetValue(Data)!));
                        using var server = new ServerClient(credentials, TimeProvider.System);
                        var configuration = await server.ConfigurationAsync(cancellation);
                        await Console.Out.WriteLineAsync(credentials.Identity.ToString());
                        foreach (var deployment in configuration?.Deployments ?? [])
                        {
                            await Console.Out.WriteLineAsync($"{deployment.Id} {deployment.Name}");
                        }
                    }
                )
        );
        return command;
    }

    private static Command Check()
    {
        var command = new Command("check", "Connect to every deployment and say whether it can be backed up.");
        command.SetAction(
            (parsed, cancellation) =>
                GuardAsync(
                    parsed,
                    async log =>
                    {
                        using var credentials = AgentCredentials.Open(Path.GetFullPath(parsed.GetValue(Data)!));
                        using var server = new ServerClient(credentials, TimeProvider.System);
                        var configuration = await server.ConfigurationAsync(cancellation);
                        BackupException? failed = null;
                        foreach (var deployment in configuration?.Deployments ?? [])
                        {
                            try
                            {
                                await using var client = await DeploymentWorker.ConnectAsync(
                                    deployment.Uri,
                                    TimeProvider.System,
                                    cancellation
                                );
                                var none = new HashSet<HostAddress>();
                                await using var member = await MemberChoice.ChooseAsync(
                                    client,
                                    MemberRule.Secondary,
                                    none,
                                    cancellation
                                );
                                var found = await Discovery.RunAsync(member, cancellation);
                                await Console.Out.WriteLineAsync(
                                    $"{deployment.Name}: {found.Name}, MongoDB {found.MongoVersion} (FCV {found.FeatureCompatibilityVersion}, {found.StorageEngine}), read from {member.Host}"
                                );
                            }
                            catch (BackupException failure)
                            {
                                log.Error(failure, deployment.Name);
                                failed = failure;
                            }
                        }

                        if (failed is not null)
                        {
                            throw failed;
                        }
                    }
                )
        );
        return command;
    }

    private static async Task<int> GuardAsync(ParseResult parsed, Func<AgentLog, Task> action)
    {
        var log = new AgentLog(Console.Error, parsed.GetValue(JsonLog), TimeProvider.System);
        try
        {
            await action(log);
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        catch (BackupException failure)
        {
            log.Error(failure);
            return 1;
        }
    }

    private static string TokenOf(string? given, string? file)
    {
        if (file is not null)
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw AgentErrors.Damaged(file, failure);
            }
        }

        return given ?? Environment.GetEnvironmentVariable(TokenVariable) ?? throw AgentErrors.NoToken();
    }

    private static System.Uri? ParseAddress(System.CommandLine.Parsing.ArgumentResult argument)
    {
        if (System.Uri.TryCreate(argument.Tokens[0].Value, UriKind.Absolute, out var address))
        {
            return address;
        }

        argument.AddError($"'{argument.Tokens[0].Value}' is no address: https://HOST:PORT is.");
        return null;
    }

    private static System.Uri RequireHttps(System.Uri server) =>
        server.IsAbsoluteUri && server.Scheme == System.Uri.UriSchemeHttps
            ? server
            : throw AgentErrors.Unsupported(
                $"'{server}' is no https address.",
                "Give it as https://host:port, for example https://backup.example.com:8081."
            );
}
