using System.Reflection;
using Backup.Metadata;

namespace Backup.Tests.Daemon.Placement;

/// <summary>A catalogue as a process sees it that can be stopped in the midst of everything: each of its calls waits then, and goes on later as if nothing had been.</summary>
public class PausedMetadata : DispatchProxy
{
    private object _target = null!;
    private ManualResetEventSlim _runs = null!;

    /// <param name="metadata">What is asked.</param>
    /// <param name="runs">Set while the process runs.</param>
    internal static IMetadataStore Of(IMetadataStore metadata, ManualResetEventSlim runs) =>
        (IMetadataStore)Make(typeof(IMetadataStore), metadata, runs);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _runs.Wait();
        object? result;
        try
        {
            result = targetMethod!.Invoke(_target, args);
        }
        catch (TargetInvocationException failure)
        {
            throw failure.InnerException!;
        }

        return
            targetMethod.ReturnType is { IsInterface: true } type
            && type.Namespace!.StartsWith("Backup.Metadata", StringComparison.Ordinal)
            ? Make(type, result!, _runs)
            : result;
    }

    private static object Make(Type type, object target, ManualResetEventSlim runs)
    {
        var proxy = Create(type, typeof(PausedMetadata));
        var made = (PausedMetadata)proxy;
        (made._target, made._runs) = (target, runs);
        return proxy;
    }
}
