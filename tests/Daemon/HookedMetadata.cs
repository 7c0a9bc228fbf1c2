using System.Reflection;
using Backup.Metadata;

namespace Backup.Tests.Daemon;

/// <summary>A catalogue as it is, but for something that happens right after a cut was looked at, or right before a part of one is recorded.</summary>
public class HookedMetadata : DispatchProxy
{
    private object _target = null!;
    private object? _clusters;
    private Func<CutRecord?, Task> _afterLook = null!;
    private Func<Task> _beforePart = null!;

    /// <param name="metadata">What is asked.</param>
    /// <param name="afterLook">Gets what the look at the open cut showed; the look is over when this is.</param>
    /// <param name="beforePart">Is over before a part of a cut is recorded.</param>
    internal static IMetadataStore Of(
        IMetadataStore metadata,
        Func<CutRecord?, Task>? afterLook = null,
        Func<Task>? beforePart = null
    )
    {
        afterLook ??= static _ => Task.CompletedTask;
        beforePart ??= static () => Task.CompletedTask;
        var clusters = Make(metadata.Clusters, null, afterLook, beforePart);
        return Make(metadata, clusters, afterLook, beforePart);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_clusters is not null && targetMethod!.Name == "get_Clusters")
        {
            return _clusters;
        }

        if (targetMethod!.Name is nameof(IClusters.AddPartAsync) or nameof(IClusters.AddBuiltPartAsync))
        {
            return BeforeAsync(() => (Task<bool>)targetMethod.Invoke(_target, args)!);
        }

        var result = targetMethod.Invoke(_target, args);
        return result is Task<CutRecord?> look && targetMethod.Name == nameof(IClusters.OpenCutAsync)
            ? AfterAsync(look)
            : result;
    }

    private static T Make<T>(T target, object? clusters, Func<CutRecord?, Task> afterLook, Func<Task> beforePart)
        where T : class
    {
        var proxy = Create<T, HookedMetadata>();
        var made = (HookedMetadata)(object)proxy;
        (made._target, made._clusters, made._afterLook, made._beforePart) = (target, clusters, afterLook, beforePart);
        return proxy;
    }

    private async Task<bool> BeforeAsync(Func<Task<bool>> add)
    {
        await _beforePart();
        return await add();
    }

    private async Task<CutRecord?> AfterAsync(Task<CutRecord?> look)
    {
        var seen = await look;
        await _afterLook(seen);
        return seen;
    }
}
