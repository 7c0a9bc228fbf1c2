using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Cli.Output;
using Backup.Foundation.Services;

namespace Backup.Cli.Commands;

/// <summary><c>backup daemon</c>: one of any number that keep heads and do the work, on shared stores.</summary>
internal static class DaemonCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    internal static Command Create()
    {
        var name = new Option<string?>("--daemon-name")
        {
            Description =
                "By which it is known, unlike that of every other daemon and the same after a restart; the host's name unless set",
            HelpName = "NAME",
        };
        var health = ServiceOptions.Port(
            "--health",
            "Where /healthz, /readyz and /metrics are answered, on loopback",
            Settings.DaemonHealthPort
        );
        var (data, config, verbose) = (SharedOptions.Data(), ConfigCommand.File(), ServiceOptions.Verbose());
        var json = SharedOptions.Json();
        var command = new Command(
            "daemon",
            "Run a daemon: heads, snapshots, grooming, verification; its catalogue ('metadata') and stores are on MongoDB or S3"
        )
        {
            name,
            data,
            config,
            health,
            verbose,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                    {
                        var configuration = ApplianceConfiguration.Load(parsed.GetValue(config));
                        var options = new DaemonProcessOptions
                        {
                            Configuration = configuration,
                            Name = parsed.GetValue(name),
                            HealthPort =
                                parsed.GetValue(health) ?? configuration.Number(Settings.DaemonHealthPort) ?? 8082,
                            Verbose = parsed.GetValue(verbose),
                        };
                        var root = DataFolder.Resolve(parsed.GetValue(data), configuration);
                        return RunAsync(root, options, parsed.GetValue(json), token);
                    },
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        string root,
        DaemonProcessOptions options,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var daemon = await DaemonProcess.OpenAsync(root, options, cancellation);
        Tell(
            json,
            new
            {
                @event = "started",
                daemon = daemon.Name,
                data = root,
                health = daemon.HealthAddress.ToString(),
            },
            $"""
            The backup daemon '{daemon.Name}' runs.
              health  {daemon.HealthAddress}healthz
              data    {root}
            """
        );
        using var reload = ReloadSignal.Listen(daemon.Reload);
        ServiceNotice.Ready();
        try
        {
            await WatchAsync(daemon, json, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            ServiceNotice.Stopping();
            Tell(json, new { @event = "stopping" }, "Stopping.");
        }

        return ExitCodes.Ok;
    }

    /// <summary>Until cancelled, or until another daemon has its name.</summary>
    private static async Task WatchAsync(DaemonProcess daemon, bool json, CancellationToken cancellation)
    {
        var told = -1;
        while (true)
        {
            if (daemon.Displaced is { } displaced)
            {
                throw displaced;
            }

            var heads = daemon.Heads;
            if (heads != told)
            {
                Tell(json, new { @event = "heads", heads }, $"It keeps {heads} {(heads == 1 ? "head" : "heads")}.");
                told = heads;
            }

            await Task.Delay(Look, cancellation);
        }
    }

    private static void Tell(bool json, object machine, string human)
    {
        if (json)
        {
            Printer.Json(machine);
        }
        else
        {
            Console.Out.WriteLine(human);
        }
    }
}
